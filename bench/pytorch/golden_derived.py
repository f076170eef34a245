"""Makes the golden trainings of derived networks: twenty steps of SGD on one network of each space, in float32.

Run, in the environment of ../requirements.txt:

    python golden_derived.py [FOLDER]

Without FOLDER it replaces the files of crates/tamis-engine/tests/golden/. Two runs on one machine give the same bytes. It prints how
far a float64 run, runs from a start off by rounding, and runs with one deliberate mistake lie from the golden run: a tolerance
belongs between the former and the latter.

The loss is the mean cross-entropy; of the DARTS network plus `auxiliary_weight` times that of its auxiliary classifier. A batch is
eight of ten random images. As in golden_darts.py, each is drawn until no ReLU input lies nearer to zero, and no two values of a max
pool nearer to each other, than `clearance`. With new images at every step there is nothing to learn, and steps of this length part
two correct programs by far more than a tolerance within ten; ten images are learned by heart, and rounding stays rounding.

Tensors, float32 unless another type is named:
    init/<parameter>       starting weights, named as in derived.py; a parameter longer than `final_whole` repeats what is stored
    images                 [10, 3, 16, 16], u8; a pixel is (byte - 127.5) / 64
    labels                 [10], i64
    batches                [20, 8], i64; which images each step takes
    loss                   [20], the whole loss before each step
    final/<parameter>      weights after twenty steps; of one longer than `final_whole` every `final_stride`-th value
    final/<batch norm>.running_mean, .running_var
    logits                 [10, 10], of all images by the final weights and running statistics
Constants are strings of the metadata.
"""

import sys
from dataclasses import asdict, dataclass, replace
from pathlib import Path

import torch
from safetensors.torch import save
from torch import Tensor, nn
from torch.nn import functional

from derived import Darts, NasBench201
from golden import Batch, Tensors, shaken, with_sorted_metadata
from golden_darts import Clearance, pixels

REPOSITORY = Path(__file__).resolve().parents[2]
FOLDER = REPOSITORY / "crates/tamis-engine/tests/golden"
STATISTICS = ("running_mean", "running_var")


@dataclass(frozen=True, kw_only=True)
class Constants:
    """Everything that fixes a run; written to the metadata as it stands.

    The second convolution of the auxiliary classifier alone has 393,216 weights: hence `init_stored` and `final_stride`, both prime,
    so that no two of its filters start alike and every place of its kernel is compared.
    """

    seed: int = 0
    channels: int = 4
    cells: int
    classes: int = 10
    side: int = 16
    images: int = 10
    batch_size: int = 8
    steps: int = 20
    learning_rate: float = 0.05
    momentum: float = 0.9
    nesterov: bool = True
    weight_decay: float = 5e-4
    statistics_momentum: float = 0.1
    auxiliary_weight: float = 0.0
    clearance: float = 1e-5
    draws: int = 40
    init_stored: int = 2039
    final_whole: int = 2048
    final_stride: int = 61


NAS_BENCH_201 = Constants(cells=1)
# One of few seeds with which starts off by 3e-7, several times what rounding does, end within 2e-4 for each of four noises.
DARTS = Constants(seed=4, cells=5, auxiliary_weight=0.4)

# |nor_conv_3x3~0|+|nor_conv_1x1~0|avg_pool_3x3~1|+|skip_connect~0|nor_conv_3x3~1|nor_conv_1x1~2|
EDGES = (
    ("nor_conv_3x3", 0),
    ("nor_conv_1x1", 0),
    ("avg_pool_3x3", 1),
    ("skip_connect", 0),
    ("nor_conv_3x3", 1),
    ("nor_conv_1x1", 2),
)
NORMAL = (
    ("sep_conv_3x3", 0),
    ("skip_connect", 1),
    ("sep_conv_5x5", 1),
    ("max_pool_3x3", 2),
    ("dil_conv_3x3", 2),
    ("avg_pool_3x3", 0),
    ("dil_conv_5x5", 3),
    ("skip_connect", 0),
)
REDUCTION = (
    ("sep_conv_3x3", 0),
    ("max_pool_3x3", 1),
    ("sep_conv_5x5", 1),
    ("skip_connect", 0),
    ("dil_conv_3x3", 0),
    ("avg_pool_3x3", 1),
    ("dil_conv_5x5", 1),
    ("skip_connect", 2),
)


def nas_bench_201(constants: Constants) -> nn.Module:
    return NasBench201(EDGES, constants.channels, constants.cells, constants.classes)


def darts(constants: Constants) -> nn.Module:
    return Darts(NORMAL, REDUCTION, constants.channels, constants.cells, constants.classes, constants.side)


NETWORKS = (("nas-bench-201", nas_bench_201, NAS_BENCH_201), ("darts", darts, DARTS))


class Training:
    """A network on its way, and its optimiser."""

    def __init__(self, network: nn.Module, constants: Constants, start: Tensors, dtype: torch.dtype):
        self.network, self.constants, self.dtype = network.to(dtype), constants, dtype
        with torch.no_grad():
            for name, parameter in network.named_parameters():
                stored = start[f"init/{name}"]
                repeats = -(-parameter.numel() // stored.numel())
                parameter.copy_(stored.flatten().repeat(repeats)[: parameter.numel()].view_as(parameter))
        for module in network.modules():
            if isinstance(module, nn.BatchNorm2d):
                module.momentum = constants.statistics_momentum
        self.optimiser = torch.optim.SGD(
            network.parameters(),
            lr=constants.learning_rate,
            momentum=constants.momentum,
            weight_decay=constants.weight_decay,
            nesterov=constants.nesterov,
        )

    def loss(self, batch: Batch) -> Tensor:
        images, labels = batch
        logits, *auxiliary = self.network(images.to(self.dtype))
        loss = functional.cross_entropy(logits, labels)
        return loss + sum(self.constants.auxiliary_weight * functional.cross_entropy(of, labels) for of in auxiliary)

    def step(self, batch: Batch) -> float:
        self.optimiser.zero_grad()
        loss = self.loss(batch)
        loss.backward()
        self.optimiser.step()
        return loss.item()

    def is_clear(self, batch: Batch) -> bool:
        """Whether a forward pass keeps clear of every kink; the running statistics stay as they are."""
        before = {name: value.clone() for name, value in self.network.state_dict().items()}
        with torch.no_grad(), Clearance() as watched:
            self.loss(batch)
        self.network.load_state_dict(before)
        return watched.smallest > self.constants.clearance

    def final(self, images: Tensor) -> Tensors:
        """Weights and running statistics, and what the network says of some images by them."""
        state = self.network.state_dict().items()
        values = {f"final/{name}": value for name, value in state if not name.endswith("num_batches_tracked")}
        self.network.eval()
        with torch.no_grad():
            (logits,) = self.network(images.to(self.dtype))
        return values | {"logits": logits}


def starting_weights(network: nn.Module, constants: Constants) -> Tensors:
    """PyTorch's own; of a long parameter those that it repeats. Scales and shifts lie off 1 and 0, so that mixing them up shows."""
    tensors = {}
    for name, value in network.named_parameters():
        value = value.detach().clone()
        if ".bn" in name:
            value += 0.1 * torch.randn(value.shape)
        is_long = value.numel() > constants.final_whole
        tensors[f"init/{name}"] = value.flatten()[: constants.init_stored].clone() if is_long else value
    return tensors


def starting_point(build, constants: Constants) -> Tensors:
    """Weights and batches; takes the steps in order to draw the batches."""
    torch.manual_seed(constants.seed)
    network = build(constants)
    tensors = starting_weights(network, constants)
    training = Training(network, constants, tensors, torch.float64)
    generator = torch.Generator().manual_seed(constants.seed)
    shape = (constants.images, 3, constants.side, constants.side)
    tensors["images"] = torch.randint(256, shape, generator=generator, dtype=torch.uint8)
    tensors["labels"] = torch.randint(constants.classes, shape[:1], generator=generator)
    batches = []
    for _ in range(constants.steps):
        batches.append(draw_batch(training, tensors, generator))
        training.step(batch_of(tensors, batches[-1]))
    return tensors | {"batches": torch.stack(batches)}


def batch_of(start: Tensors, chosen: Tensor) -> Batch:
    """Some of the images and their labels."""
    return pixels(start["images"][chosen]), start["labels"][chosen]


def draw_batch(training: Training, start: Tensors, generator: torch.Generator) -> Tensor:
    """Which images make a batch whose forward pass keeps clear of every kink."""
    constants = training.constants
    for _ in range(constants.draws):
        chosen = torch.randperm(constants.images, generator=generator)[: constants.batch_size]
        if training.is_clear(batch_of(start, chosen)):
            return chosen
    raise RuntimeError(f"no batch of {constants.draws} keeps {constants.clearance} clear of every kink; hint: take another seed")


def run(build, constants: Constants, start: Tensors, dtype: torch.dtype) -> Tensors:
    """What twenty steps did."""
    training = Training(build(constants), constants, start, dtype)
    losses = [training.step(batch_of(start, chosen)) for chosen in start["batches"]]
    return {"loss": torch.tensor(losses, dtype=torch.float64)} | training.final(pixels(start["images"]))


def gap(golden: Tensor, other: Tensor) -> float:
    """Largest difference, relative to the largest value."""
    return ((golden.double() - other.double()).abs().max() / golden.double().abs().max()).item()


def print_gaps(title: str, golden: Tensors, other: Tensors):
    """Largest differences by what is compared."""
    groups = {
        "loss": ["loss"],
        "weights": [name for name in golden if name.startswith("final/") and not name.endswith(STATISTICS)],
        "statistics": [name for name in golden if name.endswith(STATISTICS)],
        "logits": ["logits"],
    }
    gaps = (f"{group} {max(gap(golden[name], other[name]) for name in names):.1e}" for group, names in groups.items())
    print(f"  {title}: {', '.join(gaps)}", flush=True)


def report(build, constants: Constants, start: Tensors, golden: Tensors):
    """Prints the losses and what float64, rounding and the mistakes make of the run."""
    print(f"  loss: {' '.join(f'{value:.4f}' for value in golden['loss'])}")
    print_gaps("float64", golden, run(build, constants, start, torch.float64))
    for relative in (1e-7, 3e-7):
        print_gaps(f"start off by {relative:.0e}", golden, run(build, constants, shaken(start, relative), torch.float64))
    mistakes = {
        "no Nesterov momentum": replace(constants, nesterov=False),
        "no weight decay": replace(constants, weight_decay=0.0),
        "weight decay 4e-4": replace(constants, weight_decay=4e-4),
        "auxiliary weight a tenth more (if there is one)": replace(constants, auxiliary_weight=1.1 * constants.auxiliary_weight),
        "statistics momentum 0.11": replace(constants, statistics_momentum=0.11),
    }
    for mistake, wrong in mistakes.items():
        print_gaps(mistake, golden, run(build, wrong, start, torch.float32))


def thinned(value: Tensor, constants: Constants) -> Tensor:
    """What is stored of a final value."""
    return value if value.numel() <= constants.final_whole else value.flatten()[:: constants.final_stride].clone()


def main():
    torch.set_num_threads(1)
    torch.use_deterministic_algorithms(True)
    folder = Path(sys.argv[1]) if len(sys.argv) > 1 else FOLDER
    folder.mkdir(parents=True, exist_ok=True)
    for name, build, constants in NETWORKS:
        start = starting_point(build, constants)
        golden = run(build, constants, start, torch.float32)
        output = folder / f"{name}-derived-twenty-steps.safetensors"
        tensors = start | {key: thinned(value, constants).float() for key, value in golden.items()}
        metadata = {key: str(value) for key, value in asdict(constants).items()}
        metadata |= {"torch": torch.__version__, "pixel": "(byte - 127.5) / 64", "computed_in": "float32"}
        output.write_bytes(with_sorted_metadata(save(tensors, metadata)))
        print(f"{output.name}: {output.stat().st_size} bytes, {len(tensors)} tensors")
        report(build, constants, start, golden)


if __name__ == "__main__":
    main()
