"""What the golden runs share: the search of first-order DARTS, comparisons between runs, and the file.

An iteration is the architecture step (Adam on the alphas), then the weight step (SGD with momentum and clipping of the global
gradient norm), each on its own batch, as in DARTS (Liu, Simonyan and Yang, ICLR 2019) with xi = 0. Nothing here knows a search space
or says which batches are used.
"""

import json
import struct
from dataclasses import asdict, dataclass
from pathlib import Path

import torch
from safetensors.torch import save
from torch import Tensor, nn
from torch.nn import functional

Tensors = dict[str, Tensor]
Batch = tuple[Tensor, Tensor]  # images [batch, 3, height, width], labels [batch]


@dataclass(frozen=True, kw_only=True)
class Optimisers:
    """Constants of the two optimisers; written to the metadata as they stand."""

    clip_norm: float
    weight_lr: float = 0.025
    weight_momentum: float = 0.9
    weight_decay: float = 3e-4
    alpha_lr: float = 3e-4
    alpha_beta1: float = 0.5
    alpha_beta2: float = 0.999
    alpha_epsilon: float = 1e-8
    alpha_weight_decay: float = 1e-3


class Search:
    """The state of one run: supernet, alphas, and the optimiser of each."""

    def __init__(self, supernet: nn.Module, alphas: list[Tensor], start: Tensors, constants: Optimisers, dtype: torch.dtype):
        """Takes the weights from `start["init/<parameter>"]`; the shapes of `supernet` must fit."""
        self.start, self.constants, self.dtype = start, constants, dtype
        self.supernet = supernet.to(dtype)
        self.supernet.load_state_dict({name: start[f"init/{name}"] for name in self.supernet.state_dict()})
        self.alphas = [alpha.to(dtype, copy=True).requires_grad_() for alpha in alphas]
        self.alpha_optimiser = torch.optim.Adam(
            self.alphas,
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

    def cross_entropy(self, batch: Batch) -> Tensor:
        """Mean cross-entropy of one batch, with all gradients cleared."""
        self.supernet.zero_grad()
        self.alpha_optimiser.zero_grad()
        images, labels = batch
        return functional.cross_entropy(self.supernet(images.to(self.dtype), self.alphas), labels)

    def architecture_step(self, batch: Batch, penalty_weight: float = 0.0) -> tuple[float, list[Tensor]]:
        """The cross-entropy, and the gradients of the whole loss on the alphas; the penalty is that of beta-DARTS."""
        loss = self.cross_entropy(batch)
        penalty = sum(alpha.logsumexp(dim=-1).mean() for alpha in self.alphas)
        (loss + penalty_weight * penalty).backward()
        gradients = [alpha.grad.clone() for alpha in self.alphas]
        self.alpha_optimiser.step()
        return loss.item(), gradients

    def weight_step(self, batch: Batch) -> tuple[float, float]:
        """The cross-entropy, and the global norm of its gradient before clipping."""
        return self.train_weights(self.cross_entropy(batch))

    def train_weights(self, loss: Tensor) -> tuple[float, float]:
        """One step of SGD down a loss: its value, and the global norm of its gradient before clipping."""
        loss.backward()
        norm = nn.utils.clip_grad_norm_(self.supernet.parameters(), self.constants.clip_norm)
        self.weight_optimiser.step()
        return loss.item(), norm.item()

    def summaries(self) -> Tensors:
        """Sum, norm and norm of the change of every parameter."""
        result = {}
        for name, value in self.supernet.state_dict().items():
            change = value - self.start[f"init/{name}"].to(self.dtype)
            result[f"final/{name}"] = torch.stack([value.sum(), value.norm(), change.norm()])
        return result


def follow(search: Search, arch: list[Batch], weight: list[Batch], penalty_weight: float = 0.0) -> tuple[Tensors, list[Tensor]]:
    """Plays one iteration for each pair of batches: its record in float64, and the first gradients on the alphas."""
    arch_loss, weight_loss, gradient_norm, gradients = [], [], [], []
    for arch_batch, weight_batch in zip(arch, weight, strict=True):
        loss, gradient = search.architecture_step(arch_batch, penalty_weight)
        arch_loss.append(loss)
        gradients.append(gradient)
        loss, norm = search.weight_step(weight_batch)
        weight_loss.append(loss)
        gradient_norm.append(norm)
    losses = {"arch_loss": arch_loss, "weight_loss": weight_loss, "gradient_norm": gradient_norm}
    record = {name: torch.tensor(values, dtype=torch.float64) for name, values in losses.items()}
    record |= {name: value.double() for name, value in search.summaries().items()}
    return record, [gradient.double() for gradient in gradients[0]]


def shaken(start: Tensors, relative: float) -> Tensors:
    """The same start with every weight changed by about the given part of itself, in float64."""
    noise = torch.Generator().manual_seed(0)

    def change(name: str, value: Tensor) -> Tensor:
        factors = 1 + relative * torch.randn(value.shape, generator=noise, dtype=torch.float64)
        return value * factors if name.startswith("init/") else value

    return {name: change(name, value) for name, value in start.items()}


def print_golden(golden: Tensors):
    """Prints losses and gradient norms step by step."""
    for name in ("arch_loss", "weight_loss", "gradient_norm"):
        print(f"  {name}: {' '.join(f'{value:.4f}' for value in golden[name])}")


def print_differences(title: str, golden: Tensors, other: Tensors):
    """Largest absolute differences; for the summaries of the parameters, the largest relative one of the change."""
    gaps = [f"{name} {(golden[name] - other[name]).abs().max():.1e}" for name in golden if "final/" not in name]
    changes = [abs(other[name][2] / golden[name][2] - 1).item() for name in golden if "final/" in name]
    print(f"  {title}: {', '.join(gaps)}, change of weights {max(changes):.1e} relative", flush=True)


def with_sorted_metadata(file: bytes) -> bytes:
    """The same safetensors file with its metadata in sorted order; the library's own order changes from run to run."""
    (length,) = struct.unpack("<Q", file[:8])
    header = json.loads(file[8 : 8 + length])
    header["__metadata__"] = dict(sorted(header["__metadata__"].items()))
    text = json.dumps(header, separators=(",", ":")).encode()
    text += b" " * (-len(text) % 8)
    return struct.pack("<Q", len(text)) + text + file[8 + length :]


def write(output: Path, tensors: Tensors, constants: Optimisers, notes: dict[str, str]):
    """Writes the golden file, with constants and notes as strings of its metadata."""
    metadata = {name: str(value) for name, value in asdict(constants).items()} | notes
    metadata |= {"torch": torch.__version__, "computed_in": "float64", "gradient_clipping": "min(1, clip_norm / (norm + 1e-6))"}
    output.parent.mkdir(parents=True, exist_ok=True)
    output.write_bytes(with_sorted_metadata(save(tensors, metadata)))
    print(f"{output.name}: {output.stat().st_size} bytes, {len(tensors)} tensors")
