"""Trains cell 4086 of NAS-Bench-201 in PyTorch by the benchmark's short recipe: what `tamis train` does by `nas-bench-201-12`.

Prints a line of JSON an epoch, and the test accuracy at the end.

usage: python train_cell_4086.py DATA SEED
  DATA  folder of CIFAR-10's binary files, each packed by gzip
  SEED  of weights, order and augmentation
"""

import gzip
import json
import math
import sys
from pathlib import Path

import numpy
import torch
from torch import nn
from torch.nn import functional

import derived

CHANNELS, CELLS, CLASSES = 16, 5, 10
EPOCHS, BATCH, LR, MOMENTUM, WEIGHT_DECAY = 12, 256, 0.1, 0.9, 5e-4
PADDING, SIDE = 4, 32
RECORD = 1 + 3 * SIDE * SIDE
MEAN, DEVIATION = (125.3, 123.0, 113.9), (63.0, 62.1, 66.7)


class Stage(nn.Module):
    """Five of these cells, each `2 x + mean(x)` with the mean over the pixels of each 3x3 window that lie inside the image.

    The mean is a product with a band matrix on either side, so a stage is one product with its eigenvectors, an elementwise
    gain and the product back: PyTorch's own pool takes many times as long on a processor.
    """

    def __init__(self, side):
        super().__init__()
        place = torch.arange(side, dtype=torch.float64)
        band = ((place[:, None] - place).abs() <= 1).double()
        scale = band.sum(1).rsqrt()
        values, vectors = torch.linalg.eigh(scale[:, None] * band * scale)
        self.back = (scale[:, None] * vectors).float().contiguous()
        self.fore = (vectors.T / scale).float().contiguous()
        self.gain = ((2 + values[:, None] * values) ** CELLS).float()

    def forward(self, features):
        waves = (self.fore @ features) @ self.fore.T
        return (self.back @ (waves * self.gain)) @ self.back.T


def network():
    cell = (("avg_pool_3x3", 0), *((derived.SKIP, source) for source in (0, 1, 0, 1, 2)))
    model = derived.NasBench201(cell, CHANNELS, CELLS, CLASSES)
    model.stages = nn.ModuleList(Stage(SIDE >> stage) for stage in range(3))
    return model


def read(data, names):
    files = [gzip.decompress((Path(data) / f"{name}.bin.gz").read_bytes()) for name in names]
    raw = numpy.frombuffer(b"".join(files), numpy.uint8).reshape(-1, RECORD)
    return torch.tensor(raw[:, 1:].reshape(-1, 3, SIDE, SIDE)), torch.tensor(raw[:, 0]).long()


def normalised(images):
    mean, deviation = (torch.tensor(values).view(1, 3, 1, 1) for values in (MEAN, DEVIATION))
    return ((images.float() - mean) / deviation).contiguous()


def augmented(images):
    """A crop of each image padded by black pixels; every other one is mirrored."""
    padded = functional.pad(images, [PADDING] * 4)
    down, right = torch.randint(2 * PADDING + 1, (2, len(images), 1))
    columns = torch.arange(SIDE).expand(len(images), SIDE)
    columns = torch.where(torch.rand(len(images), 1) < 0.5, columns.flip(1), columns) + right
    rows = torch.arange(SIDE) + down
    return padded[torch.arange(len(images)).view(-1, 1, 1), :, rows[:, :, None], columns[:, None, :]].permute(0, 3, 1, 2)


def main():
    data, seed = sys.argv[1:]
    torch.manual_seed(int(seed))
    model = network()
    images, classes = read(data, [f"data_batch_{batch}" for batch in range(1, 6)])
    optimizer = torch.optim.SGD(model.parameters(), LR, MOMENTUM, weight_decay=WEIGHT_DECAY, nesterov=True)
    for epoch in range(EPOCHS):
        optimizer.param_groups[0]["lr"] = LR * (1 + math.cos(math.pi * epoch / EPOCHS)) / 2
        total = right = 0
        for batch in torch.randperm(len(images)).split(BATCH):
            (logits,) = model(normalised(augmented(images[batch])))
            loss = functional.cross_entropy(logits, classes[batch])
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            total += loss.item() * len(batch)
            right += (logits.argmax(1) == classes[batch]).sum().item()
        told = {"epoch": epoch, "loss": total / len(images), "accuracy": right / len(images)}
        print(json.dumps(told), flush=True)
    model.eval()
    images, classes = read(data, ["test_batch"])
    with torch.no_grad():
        right = sum((model(normalised(x))[0].argmax(1) == y).sum().item()
                    for x, y in zip(images.split(1000), classes.split(1000)))
    print(json.dumps({"test": right / len(images)}), flush=True)


if __name__ == "__main__":
    main()
