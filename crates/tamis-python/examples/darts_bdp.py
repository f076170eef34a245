"""First-order DARTS in plain PyTorch, on the images that BDP keeps.

Run: python darts_bdp.py [EPOCHS]

The supernet is a toy: three mixed layers over four operations. What matters is where the policy comes in: a sampler a
level, one call after each step.
"""

from __future__ import annotations

import sys

import numpy as np
import torch
import torch.nn.functional as F
from torch import nn
from torch.utils.data import DataLoader, Dataset

import tamis
from tamis.torch import PolicySampler

CLASSES = 4


class Drawn(Dataset[tuple[torch.Tensor, int, int]]):
    """Small images of four classes: stripes of four directions under noise."""

    def __init__(self, count: int) -> None:
        rng = np.random.default_rng(0)
        self.labels = rng.integers(0, CLASSES, count)
        rows, columns = np.mgrid[0:12, 0:12]
        waves = [rows, columns, rows + columns, rows - columns]
        phase = rng.uniform(0, 6, count)
        self.images = np.stack([np.sin(waves[y] + p) for y, p in zip(self.labels, phase, strict=True)])
        self.images += rng.normal(0, rng.uniform(0.2, 2.0, count)[:, None, None], self.images.shape)

    def __len__(self) -> int:
        return len(self.labels)

    def __getitem__(self, at: int) -> tuple[torch.Tensor, int, int]:
        return torch.from_numpy(self.images[at]).float()[None], int(self.labels[at]), at


class Mixed(nn.Module):
    """A softmax over the operations of an edge."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.operations = nn.ModuleList([
            nn.Identity(),
            nn.AvgPool2d(3, 1, 1),
            nn.Conv2d(channels, channels, 1, bias=False),
            nn.Conv2d(channels, channels, 3, padding=1, bias=False),
        ])
        self.norm = nn.BatchNorm2d(channels)
        self.alpha = nn.Parameter(torch.zeros(len(self.operations)))

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        shares = self.alpha.softmax(0)
        mixed = sum(share * operation(x) for share, operation in zip(shares, self.operations, strict=True))
        return F.relu(self.norm(mixed))


def main(epochs: int = 10) -> str:
    """Search, tell of every epoch, and return what was found."""
    torch.manual_seed(0)
    data = Drawn(1600)
    edges = [Mixed(8) for _ in range(3)]
    network = nn.Sequential(
        nn.Conv2d(1, 8, 3, padding=1), *edges, nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(8, CLASSES)
    )
    alphas = [edge.alpha for edge in edges]
    weights = [p for p in network.parameters() if all(p is not alpha for alpha in alphas)]
    weight_steps = torch.optim.SGD(weights, 0.05, momentum=0.9, weight_decay=3e-4)
    alpha_steps = torch.optim.Adam(alphas, 3e-3, betas=(0.5, 0.999), weight_decay=1e-3)

    policy = tamis.Policy("bdp", data.labels, epochs=epochs, seed=0)
    samplers = [PolicySampler(policy, "weight"), PolicySampler(policy, "arch")]
    loaders = [DataLoader(data, batch_size=64, sampler=sampler) for sampler in samplers]
    for epoch in range(epochs):
        for sampler in samplers:
            sampler.set_epoch(epoch)
        right = seen = 0
        for of_weights, of_alphas in zip(*loaders):
            steps = ((of_alphas, samplers[1], alpha_steps), (of_weights, samplers[0], weight_steps))
            for (images, labels, ids), sampler, step in steps:
                logits = network(images)
                step.zero_grad()
                F.cross_entropy(logits, labels).backward()  # type: ignore[no-untyped-call]
                step.step()
                sampler.observe(ids, logits)
                right, seen = right + int((logits.argmax(1) == labels).sum()), seen + len(ids)
        print(f"epoch {epoch + 1}: {len(samplers[0])} + {len(samplers[1])} images, {100 * right / seen:.1f} % right")
    names = ("skip", "pool", "1x1", "3x3")
    return " ".join(names[int(alpha.argmax())] for alpha in alphas)


if __name__ == "__main__":
    print(main(*map(int, sys.argv[1:])))
