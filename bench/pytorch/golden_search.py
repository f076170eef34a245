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

import sys
from dataclasses import dataclass, replace
from pathlib import Path

import torch

from golden import Batch, Optimisers, Search, Tensors, follow, print_differences, print_golden, shaken, write
from nas_bench_201 import Supernet

REPOSITORY = Path(__file__).resolve().parents[2]
OUTPUT = REPOSITORY / "crates/tamis-search/tests/golden/nas-bench-201-ten-steps.safetensors"


@dataclass(frozen=True, kw_only=True)
class Constants(Optimisers):
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
    clip_norm: float = 4.5
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


def starting_point(constants: Constants) -> Tensors:
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


def batches(start: Tensors, level: str) -> list[Batch]:
    """The batches of one level, in the order of the steps."""
    return list(zip(start[f"batch/{level}/images"], start[f"batch/{level}/labels"]))


def run(host: str, constants: Constants, start: Tensors, dtype: torch.dtype) -> Tensors:
    """What one host's ten steps did, in float64."""
    supernet = Supernet(constants.channels, constants.cells_per_stage, constants.classes)
    search = Search(supernet, [start["init/alpha"]], start, constants, dtype)
    penalty_weight = constants.beta_darts_lambda if host == "beta-darts" else 0.0
    record, [gradient] = follow(search, batches(start, "arch"), batches(start, "weight"), penalty_weight)
    return record | {"first_alpha_gradient": gradient, "alpha": search.alphas[0].detach().double()}


def report(host: str, start: Tensors, golden: Tensors):
    """Prints the golden values and what float32 and the mistakes make of them."""
    print(host)
    print_golden(golden)
    print(f"  smallest |first_alpha_gradient|: {golden['first_alpha_gradient'].abs().min():.1e}")
    print_differences("float32", golden, run(host, CONSTANTS, start, torch.float32))
    for relative in (1e-7, 1e-6):
        moved = run(host, CONSTANTS, shaken(start, relative), torch.float64)
        print_differences(f"start off by {relative:.0e}", golden, moved)
    for mistake, constants in MISTAKES.items():
        print_differences(mistake, golden, run(host, constants, start, torch.float64))


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
    write(output, tensors, CONSTANTS, {})


if __name__ == "__main__":
    main()
