"""The search supernet of PC-DARTS (Xu et al., ICLR 2020): that of DARTS, mixing one in four channels, with weights of edges.

Architecture parameters are `[normal, reduce]`, each `[14, 8]`, and then `[normal, reduce]` of the edges, each `[14]`: the weight of an
edge is the softmax over the edges into its node. On an edge the first quarter of the channels goes through the operations; the rest
passes by, through a 2x2 maximum at stride 2. Both are put side by side and their channels shuffled, as in the published program.

Parameter names are those of darts.py; the operations have a quarter of the channels.
"""

from functools import reduce
from operator import add

import torch
from torch import Tensor
from torch.nn import functional

import darts
from darts import EDGES, INPUTS, STEPS
from layers import global_average

PARTIAL = 4
MATRICES = 2  # normal and reduce


def shuffle(features: Tensor) -> Tensor:
    """Channels read as [group, place] become [place, group], with as many groups as parts."""
    return functional.channel_shuffle(features, PARTIAL)


class Edge(darts.Edge):
    """The operations on a quarter of the channels, the other channels beside them."""

    def __init__(self, channels: int, stride: int):
        super().__init__(channels // PARTIAL, stride)
        self.mixed_channels = channels // PARTIAL

    def forward(self, source: Tensor, shares: Tensor) -> Tensor:
        mixed = super().forward(source[:, : self.mixed_channels], shares)
        around = source[:, self.mixed_channels :]
        if self.stride == 2:
            around = functional.max_pool2d(around, 2, 2)
        return shuffle(torch.cat([mixed, around], dim=1))


class Cell(darts.Cell):
    """A cell whose nodes weigh their edges."""

    @staticmethod
    def new_edge(channels: int, stride: int) -> Edge:
        return Edge(channels, stride)

    def forward(self, before_last: Tensor, last: Tensor, shares: Tensor, of_edges: Tensor) -> Tensor:
        nodes = [self.preprocess0(before_last), self.preprocess1(last)]
        for target in range(INPUTS, INPUTS + STEPS):
            incoming = [e for e, edge in enumerate(EDGES) if edge[0] == target]
            weights = of_edges[incoming].softmax(dim=0)
            terms = (weight * self.edges[e](nodes[EDGES[e][1]], shares[e]) for weight, e in zip(weights, incoming))
            nodes.append(reduce(add, terms))
        return torch.cat(nodes[INPUTS:], dim=1)


class Supernet(darts.Supernet):
    """Images `[batch, 3, height, width]` and four architecture parameters to logits `[batch, classes]`."""

    @staticmethod
    def new_cell(inputs: tuple[int, int], channels: int, reduction: bool, after_reduction: bool) -> Cell:
        return Cell(inputs, channels, reduction, after_reduction)

    def forward(self, images: Tensor, alphas: list[Tensor]) -> Tensor:
        shares, of_edges = [alpha.softmax(dim=-1) for alpha in alphas[:MATRICES]], alphas[MATRICES:]
        before_last = last = self.stem(images)
        for cell in self.cells:
            kind = int(cell.reduction)
            before_last, last = last, cell(before_last, last, shares[kind], of_edges[kind])
        return self.classifier(global_average(last))
