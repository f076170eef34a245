"""Makes the golden run of a differentiable search: ten first-order DARTS steps on a tiny NAS-Bench-201 supernet, in float64.

Run, in the environment of ../requirements.txt:

    python golden_search.py [OUTPUT]

Without OUTPUT it replaces crates/tamis-search/tests/golden/nas-bench-201-ten-steps.safetensors. Two runs give the same bytes. It
prints how far a float32 run, runs from a start off by rounding, and runs with one deliberate mistake lie from the golden run: a
tolerance belongs between the former and the latter.

An iteration is the architecture step (Adam on alpha, on the next batch of `arch`), then the weight step (SGD with momentum and
clipping of the global gradient norm, on the next batch of `weight`), as in DARTS (Liu et al., ICLR 2019), xi = 0. Host `beta-darts`
adds to the architecture loss lambda * mean over the edges of logsumexp(alpha[edge]) (Ye et al., CVPR 2022), here with a constant
lambda.

Tensors, computed in float64 and stored as float32:
    init/<parameter>, init/alpha                starting values
    batch/<weight|arch>/images                  [10, 8, 3, 8, 8]
    batch/<weight|arch>/labels                  [10, 8], i64
    <host>/arch_loss, <host>/weight_loss        [10], cross-entropy without the penalty, before the step that it drives
    <host>/first_alpha_gradient                 [6, 5], of the whole architecture loss, before weight decay
    <host>/gradient_norm                        [10], of the weights, before clipping and weight decay
    <host>/alpha                                [6, 5], after ten steps
    <host>/final/<parameter>                    [3]: sum, L2 norm, and L2 norm of the change since the start
Constants are strings of the metadata.
"""

import json
import struct
import sys
from dataclasses import asdict, dataclass, replace
from pathlib import Path

import torch
from safetensors.torch import save
from torch import Tensor
from torch.nn import functional

from nas_bench_201 import Supernet

REPOSITORY = Path(__file__).resolve().parents[2]
OUTPUT = REPOSITORY / "crates/tamis-search/tests/golden/nas-bench-201-ten-steps.safetensors"


@dataclass(frozen=True)
class Constants:
    """Everything that fixes the run; written to the metadata as it stands.

    The seed is one of few for which the run answers smoothly to rounding: no input of a ReLU is nearer to zero than 3e-6, where a
    flipped sign would part two correct programs. The clip norm is above the gradient norm in two steps of ten.
    """

    seed: int = 406
    channels: int = 4
    cells_per_stage: int = 1
    classes: int = 10
    image_size: int = 8
    batch_size: int = 8
    steps: int = 10
    weight_lr: float = 0.025
    weight_momentum: float = 0.9
    weight_decay: float = 3e-4
    clip_norm: float = 4.5
    alpha_lr: float = 3e-4
    alpha_beta1: float = 0.5
    alpha_beta2: float = 0.999
    alpha_epsilon: float = 1e-8
    alpha_weight_decay: float = 1e-3
    beta_darts_lambda: float = 5.0


HOSTS = ("darts", "beta-darts")
CONSTANTS = Constants()
MISTAKES = {
    "no clipping": replace(CONSTANTS, clip_norm=1e9),
    "no weight decay": replace(CONSTANTS, weight_decay=0.0),
    "no momentum": replace(CONSTANTS, weight_momentum=0.0),
    "alpha: no weight decay": replace(CONSTANTS, alpha_weight_decay=0.0),
    "alpha: beta1 0.9": replace(CONSTANTS, alpha_beta1=0.9),
    "alpha: epsilon 1e-6": replace(CONSTANTS, alpha_epsilon=1e-6),
    "penalty summed over edges": replace(CONSTANTS, beta_darts_lambda=6 * CONSTANTS.beta_darts_lambda),
}


def starting_point(constants: Constants) -> dict[str, Tensor]:
    """Starting values and batches, all float32 (labels i64), drawn in this order from one seed."""
    torch.manual_seed(constants.seed)
    supernet = Supernet(constants.channels, constants.cells_per_stage, constants.classes)
    tensors = {f"init/{name}": value.clone() for name, value in supernet.state_dict().items()}
    tensors["init/alpha"] = supernet.initial_alphas()[0]
    batches = (constants.steps, constants.batch_size)
    for level in ("weight", "arch"):
        tensors[f"batch/{level}/images"] = torch.randn(*batches, 3, constants.image_size, constants.image_size)
        tensors[f"batch/{level}/labels"] = torch.randint(constants.classes, batches)
    return tensors


def shaken(start: dict[str, Tensor], relative: float) -> dict[str, Tensor]:
    """The same start with every weight changed by about the given part of itself, in float64."""
    noise = torch.Generator().manual_seed(0)

    def change(name: str, value: Tensor) -> Tensor:
        factors = 1 + relative * torch.randn(value.shape, generator=noise, dtype=torch.float64)
        return value * factors if name.startswith("init/") else value

    return {name: change(name, value) for name, value in start.items()}


class Search:
    """The state of one run: supernet, alpha, and the optimiser of each."""

    def __init__(self, constants: Constants, start: dict[str, Tensor], dtype: torch.dtype):
        self.constants, self.start, self.dtype = constants, start, dtype
        self.supernet = Supernet(constants.channels, constants.cells_per_stage, constants.classes).to(dtype)
        self.supernet.load_state_dict({name: start[f"init/{name}"] for name in self.supernet.state_dict()})
        self.alpha = start["init/alpha"].to(dtype, copy=True).requires_grad_()
        self.alpha_optimiser = torch.optim.Adam(
            [self.alpha],
            lr=constants.alpha_lr,
            betas=(constants.alpha_beta1, constants.alpha_beta2),
            eps=constants.alpha_epsilon,
            weight_decay=constants.alpha_weight_decay,
        )
        self.weight_optimiser = torch.optim.SGD(
            self.supernet.parameters(),
            lr=constants.weight_lr,
            momentum=constants.weight_momentum,
            weight_decay=constants.weight_decay,
        )

    def cross_entropy(self, level: str, step: int) -> Tensor:
        """Mean cross-entropy of one batch, with all gradients cleared."""
        self.supernet.zero_grad()
        self.alpha.grad = None
        images = self.start[f"batch/{level}/images"][step].to(self.dtype)
        labels = self.start[f"batch/{level}/labels"][step]
        return functional.cross_entropy(self.supernet(images, [self.alpha]), labels)

    def architecture_step(self, step: int, penalty_weight: float) -> tuple[float, Tensor]:
        """The cross-entropy, and the gradient of the whole loss on alpha."""
        loss = self.cross_entropy("arch", step)
        (loss + penalty_weight * self.alpha.logsumexp(dim=-1).mean()).backward()
        gradient = self.alpha.grad.clone()
        self.alpha_optimiser.step()
        return loss.item(), gradient

    def weight_step(self, step: int) -> tuple[float, float]:
        """The cross-entropy, and the global norm of its gradient before clipping."""
        loss = self.cross_entropy("weight", step)
        loss.backward()
        norm = torch.nn.utils.clip_grad_norm_(self.supernet.parameters(), self.constants.clip_norm)
        self.weight_optimiser.step()
        return loss.item(), norm.item()

    def summaries(self) -> dict[str, Tensor]:
        """Sum, norm and norm of the change of every parameter."""
        result = {}
        for name, value in self.supernet.state_dict().items():
            change = value - self.start[f"init/{name}"].to(self.dtype)
            result[f"final/{name}"] = torch.stack([value.sum(), value.norm(), change.norm()])
        return result


def run(host: str, constants: Constants, start: dict[str, Tensor], dtype: torch.dtype) -> dict[str, Tensor]:
    """What one host's ten steps did, in float64."""
    search = Search(constants, start, dtype)
    penalty_weight = constants.beta_darts_lambda if host == "beta-darts" else 0.0
    arch_loss, weight_loss, gradient_norm, gradients = [], [], [], []
    for step in range(constants.steps):
        loss, gradient = search.architecture_step(step, penalty_weight)
        arch_loss.append(loss)
        gradients.append(gradient)
        loss, norm = search.weight_step(step)
        weight_loss.append(loss)
        gradient_norm.append(norm)
    return {
        "arch_loss": torch.tensor(arch_loss, dtype=torch.float64),
        "weight_loss": torch.tensor(weight_loss, dtype=torch.float64),
        "gradient_norm": torch.tensor(gradient_norm, dtype=torch.float64),
        "first_alpha_gradient": gradients[0].double(),
        "alpha": search.alpha.detach().double(),
        **{name: value.double() for name, value in search.summaries().items()},
    }


def print_differences(title: str, golden: dict[str, Tensor], other: dict[str, Tensor]):
    """Largest absolute differences; for the summaries of the parameters, the largest relative one of the change."""
    gaps = [f"{name} {(golden[name] - other[name]).abs().max():.1e}" for name in golden if "final/" not in name]
    changes = [abs(other[name][2] / golden[name][2] - 1).item() for name in golden if "final/" in name]
    print(f"  {title}: {', '.join(gaps)}, change of weights {max(changes):.1e} relative")


def report(host: str, start: dict[str, Tensor], golden: dict[str, Tensor]):
    """Prints the golden values and what float32 and the mistakes make of them."""
    print(host)
    for name in ("arch_loss", "weight_loss", "gradient_norm"):
        print(f"  {name}: {' '.join(f'{value:.4f}' for value in golden[name])}")
    print(f"  smallest |first_alpha_gradient|: {golden['first_alpha_gradient'].abs().min():.1e}")
    print_differences("float32", golden, run(host, CONSTANTS, start, torch.float32))
    for relative in (1e-7, 1e-6):
        moved = run(host, CONSTANTS, shaken(start, relative), torch.float64)
        print_differences(f"start off by {relative:.0e}", golden, moved)
    for mistake, constants in MISTAKES.items():
        print_differences(mistake, golden, run(host, constants, start, torch.float64))


def with_sorted_metadata(file: bytes) -> bytes:
    """The same safetensors file with its metadata in sorted order; the library's own order changes from run to run."""
    (length,) = struct.unpack("<Q", file[:8])
    header = json.loads(file[8 : 8 + length])
    header["__metadata__"] = dict(sorted(header["__metadata__"].items()))
    text = json.dumps(header, separators=(",", ":")).encode()
    text += b" " * (-len(text) % 8)
    return struct.pack("<Q", len(text)) + text + file[8 + length :]


def main():
    torch.set_num_threads(1)
    torch.use_deterministic_algorithms(True)
    output = Path(sys.argv[1]) if len(sys.argv) > 1 else OUTPUT
    start = starting_point(CONSTANTS)
    tensors = dict(start)
    for host in HOSTS:
        golden = run(host, CONSTANTS, start, torch.float64)
        report(host, start, golden)
        tensors.update({f"{host}/{name}": value.float() for name, value in golden.items()})
    metadata = {name: str(value) for name, value in asdict(CONSTANTS).items()}
    metadata |= {"torch": torch.__version__, "computed_in": "float64", "gradient_clipping": "min(1, clip_norm / (norm + 1e-6))"}
    output.parent.mkdir(parents=True, exist_ok=True)
    output.write_bytes(with_sorted_metadata(save(tensors, metadata)))
    print(f"{output.name}: {output.stat().st_size} bytes, {len(tensors)} tensors")


if __name__ == "__main__":
    main()
