"""Makes the golden runs of more hosts, ten steps each in float64: second-order DARTS, GDAS, SmoothDARTS and PC-DARTS.

The first ones search a tiny NAS-Bench-201 supernet, PC-DARTS a tiny supernet of the DARTS space.

Run, in the environment of ../requirements.txt, from the repository's root:

    cargo run --release --example host_draws > draws.json
    python bench/pytorch/golden_hosts.py draws.json [FOLDER]

`draws.json` holds the noise that the hosts of the Rust program draw in these steps, in the order in which they draw it, and what the
weights of PC-DARTS's edges start from; crates/tamis-search/examples/host_draws.rs says which. Without FOLDER the script replaces
hosts-ten-steps.safetensors and pc-darts-ten-steps.safetensors in crates/tamis-search/tests/golden. Two runs give the same bytes. It
prints how far a float32 run, runs from a start off by rounding, and runs with one deliberate mistake lie from the golden run.

    darts-2nd    Liu et al., ICLR 2019, eq. 7 and 8: alpha's gradient at weights one step of SGD ahead (momentum and decay, no clipping),
                 its second term by a finite difference of 0.01 / norm. That far away a network as small as this has ReLUs that
                 turned, so the difference is not near the derivative; within `clearance` it must be, which the script checks.
    gdas         Dong and Yang, CVPR 2019: weights first, then alpha, each with an operation an edge drawn by Gumbel-softmax at
                 temperature 1.9, straight through; the shares of operations that were not drawn are added to the node as numbers.
    sdarts-rs    Chen and Hsieh, ICML 2020: alpha at the clean shares, then the weights at shares that uniform noise of at most 0.273
                 moved; below 0 is 0, and rows are divided by their sums.
    sdarts-adv   The same, the shares climbing the weights' loss from there by seven steps along the sign of the gradient, back into
                 the box and to rows of sum 1 after each; the clean shares if that did not raise the loss.
    pc-darts     Xu et al., ICLR 2020: DARTS on a quarter of the channels, with weights of edges; alpha first, as in golden.py.

The start of the first four is that of golden_search.py, read from its file. As in golden_darts.py, a step's batches are drawn anew until
no ReLU, maximum or sign in any of its passes is nearer to changing than `clearance`.

Tensors, computed in float64 and stored as float32 unless another type is named; <host>/ before each of the first file:
    batch/<weight|arch>/images                  [10, batch, 3, 8, 8], u8; a pixel is (byte - 127.5) / 64
    batch/<weight|arch>/labels                  [10, batch], i64
    arch_loss, weight_loss                      [10], cross-entropy where its gradient is taken
    gradient_norm                               [10], of the weights, before clipping and weight decay
    first_alpha_gradient/<n>                    of the first step, before weight decay, for each architecture parameter
    alpha/<n>, moment/<n>                       after ten steps: the parameter, and Adam's mean of its gradients (with weight decay)
    final                                       [parameters, 3], sorted by name in byte order: sum, L2 norm, L2 norm of the change
    init/<parameter>, init/alpha/<n>            second file only; the edges' parameters, n = 2 and 3, are [14], by node and edge
"""

import json
import sys
from copy import deepcopy
from dataclasses import dataclass
from pathlib import Path

import torch
from safetensors.torch import load_file
from torch import Tensor
from torch.func import functional_call
from torch.nn import functional

import nas_bench_201
import pc_darts
from golden import Batch, Optimisers, Search, Tensors, print_differences, print_golden, shaken, write
from golden_darts import Clearance, pixels

REPOSITORY = Path(__file__).resolve().parents[2]
FOLDER = REPOSITORY / "crates/tamis-search/tests/golden"
START = FOLDER / "nas-bench-201-ten-steps.safetensors"
LEVELS = ("arch", "weight")
PUBLISHED_DIFFERENCE = 0.01  # of second-order DARTS, over the norm of the direction


@dataclass(frozen=True, kw_only=True)
class Constants(Optimisers):
    """Everything that fixes the runs of a file; written to the metadata as it stands."""

    seed: int = 0
    channels: int = 4
    cells: int = 1
    classes: int = 10
    image_size: int = 8
    batch_size: int = 8
    steps: int = 10
    clip_norm: float = 4.5
    clearance: float = 5e-6
    draws: int = 200
    gdas_tau: float = 1.9
    sdarts_epsilon: float = 0.273
    sdarts_steps: int = 7


CONSTANTS = Constants()
PARTIAL_CONSTANTS = Constants(channels=8, cells=3, batch_size=6, clip_norm=5.0)


class HostSearch(Search):
    """A search of which a step is one host's; the steps use one row of draws each."""

    def __init__(self, supernet: torch.nn.Module, alphas: list[Tensor], start: Tensors, draws: Tensor, setup):
        constants, dtype = setup
        super().__init__(supernet, alphas, start, constants, dtype)
        self.draws, self.taken, self.first = draws.to(dtype), 0, {}

    def noise(self) -> Tensor:
        """What this step draws."""
        return self.draws[self.taken]

    def train_alphas(self, loss: Tensor) -> float:
        """One step of Adam down a loss."""
        loss.backward()
        self.step_alphas()
        return loss.item()

    def step_alphas(self):
        """One step of Adam along the gradients that the alphas have."""
        if self.taken == 0:
            self.first |= {f"first_alpha_gradient/{n}": alpha.grad.clone() for n, alpha in enumerate(self.alphas)}
        self.alpha_optimiser.step()

    def step(self, arch: Batch, weight: Batch) -> tuple[float, float, float]:
        """Loss of the architecture, loss of the weights, norm of their gradient."""
        arch_loss = self.train_alphas(self.cross_entropy(arch))
        return arch_loss, *self.weight_step(weight)

    def record(self) -> Tensors:
        """What is left after the last step."""
        moments = {f"moment/{n}": self.alpha_optimiser.state[alpha]["exp_avg"] for n, alpha in enumerate(self.alphas)}
        alphas = {f"alpha/{n}": alpha.detach() for n, alpha in enumerate(self.alphas)}
        return self.first | alphas | moments | self.summaries()


class PcDarts(HostSearch):
    def __init__(self, start: Tensors, draws: Tensor, setup):
        constants, _ = setup
        alphas = [start[f"init/alpha/{n}"] for n in range(2 * pc_darts.MATRICES)]
        supernet = pc_darts.Supernet(constants.channels, constants.cells, constants.classes)
        super().__init__(supernet, alphas, start, draws, setup)


class FixedEdges(PcDarts):
    """A mistake: the weights of edges have no gradient."""

    def step_alphas(self):
        for alpha in self.alphas[pc_darts.MATRICES :]:
            alpha.grad.zero_()
        super().step_alphas()


class OnNasBench(HostSearch):
    """First-order DARTS on NAS-Bench-201, and what its variants share."""

    def __init__(self, start: Tensors, draws: Tensor, setup):
        constants, _ = setup
        supernet = nas_bench_201.Supernet(constants.channels, constants.cells, constants.classes)
        super().__init__(supernet, [start["init/alpha"]], start, draws, setup)

    def shares(self) -> Tensor:
        return self.alphas[0].softmax(dim=-1)

    def loss_at(self, batch: Batch, shares: Tensor) -> Tensor:
        """Mean cross-entropy at given shares, with all gradients cleared."""
        self.supernet.zero_grad()
        self.alpha_optimiser.zero_grad()
        images, labels = batch
        return functional.cross_entropy(self.supernet.mix(images.to(self.dtype), shares), labels)


class SecondOrder(OnNasBench):
    def step(self, arch: Batch, weight: Batch) -> tuple[float, float, float]:
        arch_loss, gradient = self.unrolled(arch, weight, PUBLISHED_DIFFERENCE)
        self.alphas[0].grad = gradient
        self.step_alphas()
        return arch_loss, *self.weight_step(weight)

    def loss_with(self, weights: Tensors, batch: Batch) -> Tensor:
        images, labels = batch
        logits = functional_call(self.supernet, weights, (images.to(self.dtype), self.alphas))
        return functional.cross_entropy(logits, labels)

    def ahead(self, batch: Batch, differentiable: bool) -> Tensors:
        """The weights that one more step of SGD would give, without clipping."""
        weights = dict(self.supernet.named_parameters())
        slopes = torch.autograd.grad(self.loss_with(weights, batch), list(weights.values()), create_graph=differentiable)
        constants, state = self.constants, self.weight_optimiser.state
        result = {}
        for (name, weight), slope in zip(weights.items(), slopes):
            velocity = state[weight].get("momentum_buffer", 0) if weight in state else 0
            direction = constants.weight_momentum * velocity + slope + constants.weight_decay * weight
            result[name] = weight - constants.weight_lr * direction
        return result

    def unrolled(self, arch: Batch, weight: Batch, difference: float) -> tuple[float, Tensor]:
        ahead = {name: value.detach().requires_grad_() for name, value in self.ahead(weight, differentiable=False).items()}
        loss = self.loss_with(ahead, arch)
        gradient, *direction = torch.autograd.grad(loss, [self.alphas[0], *ahead.values()])
        norm = torch.cat([slope.flatten() for slope in direction]).norm()
        half = difference / norm
        sides = [self.alpha_slope(weight, direction, sign * half) for sign in (1, -1)]
        return loss.item(), gradient - self.constants.weight_lr * (sides[0] - sides[1]) / (2 * half)

    def alpha_slope(self, batch: Batch, direction: list[Tensor], by: Tensor) -> Tensor:
        named = self.supernet.named_parameters()
        moved = {name: (weight + by * slope).detach() for (name, weight), slope in zip(named, direction)}
        return torch.autograd.grad(self.loss_with(moved, batch), self.alphas[0])[0]

    def exact_gradient(self, arch: Batch, weight: Batch) -> Tensor:
        """The same differentiated through the step."""
        loss = self.loss_with(self.ahead(weight, differentiable=True), arch)
        return torch.autograd.grad(loss, self.alphas[0])[0]


class Unrolled(SecondOrder):
    """A mistake: the gradient at the weights ahead, without the second term."""

    def unrolled(self, arch: Batch, weight: Batch, difference: float) -> tuple[float, Tensor]:
        ahead = {name: value.detach() for name, value in self.ahead(weight, differentiable=False).items()}
        loss = self.loss_with(ahead, arch)
        return loss.item(), torch.autograd.grad(loss, self.alphas[0])[0]


class SampledEdge(nas_bench_201.Edge):
    """The one operation that was drawn; the shares of the others are numbers added to the node."""

    def forward(self, source: Tensor, shares: Tensor) -> Tensor:
        drawn = shares.argmax().item()
        return self.operation(drawn, source) * shares[drawn] + sum(share for n, share in enumerate(shares) if n != drawn)

    def operation(self, number: int, source: Tensor) -> Tensor:
        """What the edge gives when one operation alone has a share."""
        return super().forward(source, torch.eye(len(nas_bench_201.OPERATIONS), dtype=source.dtype)[number])


class Gdas(OnNasBench):
    def __init__(self, start: Tensors, draws: Tensor, setup):
        super().__init__(start, draws, setup)
        for module in self.supernet.modules():
            if isinstance(module, nas_bench_201.Edge):
                module.__class__ = SampledEdge

    def step(self, arch: Batch, weight: Batch) -> tuple[float, float, float]:
        of_weights, of_alphas = self.noise().view(2, *self.alphas[0].shape)
        trained = self.train_weights(self.loss_at(weight, self.sample(of_weights).detach()))
        return self.train_alphas(self.loss_at(arch, self.sample(of_alphas))), *trained

    def sample(self, gumbel: Tensor) -> Tensor:
        logits = (self.alphas[0].log_softmax(dim=-1) + gumbel) / self.constants.gdas_tau
        probabilities = logits.softmax(dim=-1)
        drawn = functional.one_hot(probabilities.argmax(dim=-1), logits.shape[-1])
        return drawn + probabilities - probabilities.detach()


class OneSample(Gdas):
    """A mistake: one sample for both levels."""

    def noise(self) -> Tensor:
        return super().noise()[:30].repeat(2)


class SmoothDarts(OnNasBench):
    def step(self, arch: Batch, weight: Batch) -> tuple[float, float, float]:
        arch_loss = self.train_alphas(self.loss_at(arch, self.shares()))
        return arch_loss, *self.train_weights(self.loss_at(weight, self.perturbed(weight)))

    def perturbed(self, _: Batch) -> Tensor:
        clean, epsilon = self.shares().detach(), self.constants.sdarts_epsilon
        return self.rows_of_shares(clean + epsilon * (2 * self.noise().view_as(clean) - 1))

    @staticmethod
    def rows_of_shares(moved: Tensor) -> Tensor:
        shares = moved.clamp(0, 1)
        return shares / shares.sum(dim=-1, keepdim=True)


class Unnormalised(SmoothDarts):
    """A mistake: rows are left as the noise makes them."""

    @staticmethod
    def rows_of_shares(moved: Tensor) -> Tensor:
        return moved.clamp(0, 1)


class Adversarial(SmoothDarts):
    def perturbed(self, batch: Batch) -> Tensor:
        clean, shares = self.shares().detach(), super().perturbed(batch)
        epsilon, steps = self.constants.sdarts_epsilon, self.constants.sdarts_steps
        for _ in range(steps):
            shares.requires_grad_()
            [slope] = torch.autograd.grad(self.loss_at(batch, shares), shares)
            # Of `none` it is exactly 0. The function is one that `Clearance` watches: a sign turns at 0 as well.
            functional.relu(slope[slope != 0])
            moved = shares.detach() + 2 * epsilon / steps * slope.sign()
            shares = self.rows_of_shares(torch.maximum(torch.minimum(moved, clean + epsilon), clean - epsilon))
        climbed = self.loss_at(batch, shares).item() - self.loss_at(batch, clean).item()
        return shares if climbed > 0 else clean


HOSTS = {"darts-2nd": SecondOrder, "gdas": Gdas, "sdarts-rs": SmoothDarts, "sdarts-adv": Adversarial}
MISTAKES = {
    "darts-2nd": {"first order": OnNasBench, "no second term": Unrolled},
    "gdas": {"one sample": OneSample},
    "sdarts-rs": {"first-order DARTS": OnNasBench, "rows left as they are": Unnormalised},
    "sdarts-adv": {"no climb": SmoothDarts},
    "pc-darts": {"edges without gradient": FixedEdges},
}


def draw_batches(search: HostSearch, generator: torch.Generator) -> tuple[HostSearch, dict[str, Batch]]:
    """Batches, images as bytes, of which no pass of a step comes near a kink; and the search after that step."""
    constants = search.constants
    shape = (constants.batch_size, 3, constants.image_size, constants.image_size)
    for _ in range(constants.draws):
        drawn = {}
        for level in LEVELS:
            images = torch.randint(256, shape, generator=generator, dtype=torch.uint8)
            drawn[level] = images, torch.randint(constants.classes, shape[:1], generator=generator)
        attempt = deepcopy(search)
        with Clearance() as watched:
            attempt.step(*((pixels(images), labels) for images, labels in drawn.values()))
        if watched.smallest > constants.clearance:
            attempt.taken += 1
            return attempt, drawn
    raise RuntimeError(f"no batches of {constants.draws} keep {constants.clearance} clear of every kink; hint: take another seed")


def starting_point(host: type[HostSearch], constants: Constants, start: Tensors, draws: Tensor) -> Tensors:
    """The batches of all steps; takes the steps in order to draw them."""
    search = host(start, draws, (constants, torch.float64))
    generator = torch.Generator().manual_seed(constants.seed)
    drawn = {level: [] for level in LEVELS}
    for _ in range(constants.steps):
        search, batches = draw_batches(search, generator)
        for level, batch in batches.items():
            drawn[level].append(batch)
    tensors = {}
    for level, batches in drawn.items():
        images, labels = zip(*batches)
        tensors |= {f"batch/{level}/images": torch.stack(images), f"batch/{level}/labels": torch.stack(labels)}
    return tensors


def run(host: type[HostSearch], constants: Constants, start: Tensors, batches: Tensors, draws: Tensor, dtype: torch.dtype) -> Tensors:
    """What ten steps did, in float64."""
    search = host(start, draws, (constants, dtype))
    levels = [zip(pixels(batches[f"batch/{level}/images"]), batches[f"batch/{level}/labels"]) for level in LEVELS]
    steps = []
    for arch, weight in zip(*levels):
        steps.append(search.step(arch, weight))
        search.taken += 1
    columns = torch.tensor(steps, dtype=torch.float64).unbind(dim=1)
    record = dict(zip(("arch_loss", "weight_loss", "gradient_norm"), columns))
    return record | {name: value.double() for name, value in search.record().items()}


def make(name: str, host: type[HostSearch], constants: Constants, start: Tensors, draws: Tensor) -> Tensors:
    """Batches and record of one host, as stored; prints what float32 and the mistakes make of them."""
    print(name)
    batches = starting_point(host, constants, start, draws)
    golden = run(host, constants, start, batches, draws, torch.float64)
    print_golden(golden)
    print_differences("float32", golden, run(host, constants, start, batches, draws, torch.float32))
    for relative in (1e-7, 1e-6):
        moved = run(host, constants, shaken(start, relative), batches, draws, torch.float64)
        print_differences(f"start off by {relative:.0e}", golden, moved)
    for mistake, other in MISTAKES[name].items():
        wrong = run(other, constants, start, batches, draws, torch.float64)
        print_differences(mistake, golden, golden | wrong)
    finals = sorted(key for key in golden if key.startswith("final/"))
    stored = {key: value for key, value in golden.items() if key not in finals}
    stored["final"] = torch.stack([golden[key] for key in finals])
    return batches | {key: value.float() for key, value in stored.items()}


def check_difference(start: Tensors, batches: Tensors):
    """The finite difference of second-order DARTS tends to the exact gradient; prints how far away the published one is."""
    search = SecondOrder(start, torch.zeros(1, 0), (CONSTANTS, torch.float64))
    arch, weight = ((pixels(batches[f"batch/{level}/images"][0]), batches[f"batch/{level}/labels"][0]) for level in LEVELS)
    exact = search.exact_gradient(arch, weight)
    published, small = (search.unrolled(arch, weight, by)[1] - exact for by in (PUBLISHED_DIFFERENCE, 1e-6))
    print(f"  exact gradient {exact.norm():.4f}; differences: published {published.norm():.1e}, small {small.norm():.1e} away")
    assert small.norm() < 1e-8 * exact.norm(), "the second term has another sign or factor than the derivative"


def partial_start(constants: Constants, edges: Tensor) -> Tensors:
    """Initial values of PC-DARTS: weights and alphas from the seed, float32, and the parameters of edges as they were drawn."""
    torch.manual_seed(constants.seed)
    supernet = pc_darts.Supernet(constants.channels, constants.cells, constants.classes)
    tensors = {f"init/{name}": value.clone() for name, value in supernet.state_dict().items()}
    return tensors | {f"init/alpha/{n}": alpha for n, alpha in enumerate([*supernet.initial_alphas(), *edges])}


def main():
    torch.set_num_threads(1)
    torch.use_deterministic_algorithms(True)
    draws = {name: torch.tensor(rows, dtype=torch.float64) for name, rows in json.loads(Path(sys.argv[1]).read_text()).items()}
    folder = Path(sys.argv[2]) if len(sys.argv) > 2 else FOLDER
    notes = {"pixel": "(byte - 127.5) / 64"}

    start = {name: value for name, value in load_file(START).items() if name.startswith("init/")}
    noise = {"darts-2nd": torch.zeros(CONSTANTS.steps, 0), "gdas": draws["gdas"]}
    noise |= {name: draws["sdarts"] for name in ("sdarts-rs", "sdarts-adv")}
    made = {name: make(name, host, CONSTANTS, start, noise[name]) for name, host in HOSTS.items()}
    check_difference(start, made["darts-2nd"])
    tensors = {f"{name}/{key}": value for name, record in made.items() for key, value in record.items()}
    write(folder / "hosts-ten-steps.safetensors", tensors, CONSTANTS, notes)

    start = partial_start(PARTIAL_CONSTANTS, draws["pc-darts"])
    record = make("pc-darts", PcDarts, PARTIAL_CONSTANTS, start, noise["darts-2nd"])
    start = {name: value.float() for name, value in start.items()}
    write(folder / "pc-darts-ten-steps.safetensors", start | record, PARTIAL_CONSTANTS, notes)


if __name__ == "__main__":
    main()
