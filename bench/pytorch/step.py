"""Times one search step of a reference network on random 3x32x32 data and prints one line of JSON.

    python step.py SPACE CHANNELS CELLS BATCH REPS [--layout nchw|channels_last] [--gradients all|needed] [--threads 2]
        [--device cpu|cuda]

SPACE is `nas-bench-201` (CELLS a stage), `darts` (CELLS in all), `resnet-20` (CELLS are residual blocks a stage, 3 for ResNet-20),
`nas-bench-201-cell` or `darts-v2` for a single network of a space, or a file that `tamis export --to pytorch` wrote, whose network is
what it is whatever CHANNELS and CELLS say.
A step of a search space is the architecture step (Adam on the alphas) and then the weight step (SGD with momentum, gradient norm
clipped at 5), each on its own batch; of a network without
alphas it is the weight step alone. Making and moving data is not timed.

`--gradients all` computes the gradients of weights and alphas in both steps, as published programs do; `needed` switches off what a
step does not use. One warm-up step is left out of the median. `peak_rss_bytes` is that of the whole process, PyTorch included.
"""

import argparse
import json
import runpy
import statistics
import sys
import time
from collections.abc import Iterable
from pathlib import Path

import torch
from torch import Tensor, nn
from torch.nn import functional

import darts
import derived
import nas_bench_201
import resnet

CLASSES = 10
LAYOUTS = {"nchw": torch.contiguous_format, "channels_last": torch.channels_last}
SPACES = {"nas-bench-201": nas_bench_201.Supernet, "darts": darts.Supernet, "resnet-20": resnet.ResNet}
CLIP_NORM = 5.0


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("space", metavar="SPACE")
    for name in ("channels", "cells", "batch", "reps"):
        parser.add_argument(name, type=int)
    parser.add_argument("--layout", choices=LAYOUTS, default="channels_last")
    parser.add_argument("--gradients", choices=("all", "needed"), default="all")
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--device", choices=("cpu", "cuda"), default="cpu")
    return parser.parse_args()


def single_cell(channels: int, cells: int, classes: int) -> nn.Module:
    """Of the cell that `bench_step` has under this name."""
    three = "nor_conv_3x3"
    edges = ((three, 0), ("nor_conv_1x1", 0), (three, 1), ("skip_connect", 0), (three, 1), (three, 2))
    return First(derived.NasBench201(edges, channels, cells, classes))


def darts_v2(channels: int, cells: int, classes: int) -> nn.Module:
    return First(derived.Darts(*derived.DARTS_V2, channels, cells, classes, side=32, auxiliary=False))


SINGLE = {"nas-bench-201-cell": single_cell, "darts-v2": darts_v2}


class First(nn.Module):
    """The first output of a network."""

    def __init__(self, network: nn.Module):
        super().__init__()
        self.network = network

    def forward(self, images: Tensor) -> Tensor:
        return self.network(images)[0]


def network(space: str, channels: int, cells: int) -> nn.Module:
    known = SPACES | SINGLE
    if space in known:
        return known[space](channels, cells, CLASSES)
    if not space.endswith(".py"):
        sys.exit(f"choosing a network: found {space}, expected one of {', '.join(known)} or a .py file")
    module = runpy.run_path(space)
    return module["Network"]()


def random_batch(size: int, layout: torch.memory_format, device: str) -> tuple[Tensor, Tensor]:
    images = torch.randn(size, 3, 32, 32).to(device, memory_format=layout)
    assert images.is_contiguous(memory_format=layout)
    return images, torch.randint(CLASSES, (size,)).to(device)


def set_requires_grad(tensors: Iterable[Tensor], needed: bool):
    for tensor in tensors:
        tensor.requires_grad_(needed)


class TrainingStep:
    """One weight step of a network without architecture parameters."""

    def __init__(self, network: nn.Module):
        self.network = network
        self.optimiser = torch.optim.SGD(network.parameters(), lr=0.025, momentum=0.9, weight_decay=3e-4)

    def logits(self, images: Tensor) -> Tensor:
        return self.network(images)

    def weight_step(self, images: Tensor, labels: Tensor):
        self.optimiser.zero_grad()
        functional.cross_entropy(self.logits(images), labels).backward()
        nn.utils.clip_grad_norm_(self.network.parameters(), CLIP_NORM)
        self.optimiser.step()

    def __call__(self, batches: list[tuple[Tensor, Tensor]]):
        self.weight_step(*batches[0])


class SearchStep(TrainingStep):
    """One architecture step and one weight step of a supernet, first-order DARTS."""

    def __init__(self, network: nn.Module, all_gradients: bool):
        super().__init__(network)
        self.all_gradients = all_gradients
        device = next(network.parameters()).device
        self.alphas = [alpha.to(device).requires_grad_() for alpha in network.initial_alphas()]
        self.alpha_optimiser = torch.optim.Adam(self.alphas, lr=3e-4, betas=(0.5, 0.999), weight_decay=1e-3)

    def logits(self, images: Tensor) -> Tensor:
        return self.network(images, self.alphas)

    def architecture_step(self, images: Tensor, labels: Tensor):
        self.alpha_optimiser.zero_grad()
        functional.cross_entropy(self.logits(images), labels).backward()
        self.alpha_optimiser.step()

    def choose_gradients(self, weights: bool, alphas: bool):
        set_requires_grad(self.network.parameters(), weights or self.all_gradients)
        set_requires_grad(self.alphas, alphas or self.all_gradients)

    def __call__(self, batches: list[tuple[Tensor, Tensor]]):
        self.choose_gradients(weights=False, alphas=True)
        self.architecture_step(*batches[1])
        self.choose_gradients(weights=True, alphas=False)
        self.weight_step(*batches[0])


def peak_rss_bytes() -> int:
    """High-water mark of this process alone (Linux)."""
    for line in Path("/proc/self/status").read_text().splitlines():
        if line.startswith("VmHWM:"):
            return 1024 * int(line.split()[1])
    raise OSError("no VmHWM line in /proc/self/status")


def main():
    options = arguments()
    torch.set_num_threads(options.threads)
    torch.manual_seed(0)
    layout = LAYOUTS[options.layout]
    net = network(options.space, options.channels, options.cells).to(options.device, memory_format=layout)
    searched = options.space in ("nas-bench-201", "darts")
    step = SearchStep(net, options.gradients == "all") if searched else TrainingStep(net)
    batches = [random_batch(options.batch, layout, options.device) for _ in range(2)]
    times = []
    for _ in range(1 + options.reps):
        start = time.perf_counter()
        step(batches)
        if options.device == "cuda":
            torch.cuda.synchronize()
        times.append(time.perf_counter() - start)
    level = torch.backends.cpu.get_cpu_capability().lower()
    print(json.dumps({"median_s": round(statistics.median(times[1:]), 6), "peak_rss_bytes": peak_rss_bytes(), "level": level}))


if __name__ == "__main__":
    main()
