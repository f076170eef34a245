"""The search supernet of DARTS (Liu, Simonyan and Yang, ICLR 2019), as an oracle for values and speed.

Architecture parameters are an argument of the forward pass: `[normal, reduce]`, each `[14, 8]`, shared by the cells of a kind.

Choice where programs may differ: `none` is left out of the sum, as its term is exactly zero, and acts only through its share of
the softmax. Needs heights and widths divisible by 4.

Parameter names: `stem.conv.weight`, `stem.bn.weight|bias`; `cells.{n}.preprocess{0,1}.conv.weight` (after a reduction cell
`preprocess0.conv1.weight` and `.conv2.weight`); `cells.{n}.edges.{e}.` with `sep_conv_KxK.depthwise1|pointwise1|depthwise2|
pointwise2.weight`, `dil_conv_KxK.depthwise|pointwise.weight`, and at stride 2 `skip_connect.conv1|conv2.weight`;
`classifier.weight|bias`.

`python darts.py` checks the number of parameters.
"""

from functools import reduce
from operator import add

import torch
from torch import Tensor, nn
from torch.nn import functional

from layers import (
    ConvolutionNorm,
    average_pool_3x3,
    convolution,
    global_average,
    initial_alpha,
    normalise,
    parameter_count,
)

OPERATIONS = (
    "none",
    "max_pool_3x3",
    "avg_pool_3x3",
    "skip_connect",
    "sep_conv_3x3",
    "sep_conv_5x5",
    "dil_conv_3x3",
    "dil_conv_5x5",
)
INPUTS = 2  # nodes 0 and 1 are the outputs of the two cells before
STEPS = 4  # nodes that sum edges; their concatenation is the output
EDGES = tuple((target, source) for target in range(INPUTS, INPUTS + STEPS) for source in range(target))
STEM_MULTIPLIER = 3
PUBLISHED_PARAMETERS = 1_930_618  # at 16 channels, 8 cells, 10 classes


class FactorizedReduce(nn.Module):
    """Halves height and width by two strided 1x1 convolutions, the second one pixel down and right of the first."""

    def __init__(self, inputs: int, outputs: int):
        super().__init__()
        self.conv1 = convolution(inputs, outputs // 2, 1, stride=2)
        self.conv2 = convolution(inputs, outputs - outputs // 2, 1, stride=2)

    def forward(self, features: Tensor) -> Tensor:
        active = functional.relu(features)
        halves = [self.conv1(active), self.conv2(active[:, :, 1:, 1:])]
        return normalise(torch.cat(halves, dim=1))


class PointwiseConvolution(nn.Module):
    """ReLU, 1x1 convolution, batch norm: brings a cell's input to its number of channels."""

    def __init__(self, inputs: int, outputs: int):
        super().__init__()
        self.conv = convolution(inputs, outputs, 1)

    def forward(self, features: Tensor) -> Tensor:
        return normalise(self.conv(functional.relu(features)))


class SeparableConvolution(nn.Module):
    """ReLU, depthwise, pointwise, batch norm, twice; the stride is the first depthwise convolution's."""

    def __init__(self, channels: int, kernel: int, stride: int):
        super().__init__()
        self.depthwise1 = convolution(channels, channels, kernel, stride, groups=channels)
        self.pointwise1 = convolution(channels, channels, 1)
        self.depthwise2 = convolution(channels, channels, kernel, groups=channels)
        self.pointwise2 = convolution(channels, channels, 1)

    def forward(self, features: Tensor) -> Tensor:
        features = normalise(self.pointwise1(self.depthwise1(functional.relu(features))))
        return normalise(self.pointwise2(self.depthwise2(functional.relu(features))))


class DilatedConvolution(nn.Module):
    """ReLU, depthwise of dilation 2, pointwise, batch norm."""

    def __init__(self, channels: int, kernel: int, stride: int):
        super().__init__()
        self.depthwise = convolution(channels, channels, kernel, stride, dilation=2, groups=channels)
        self.pointwise = convolution(channels, channels, 1)

    def forward(self, features: Tensor) -> Tensor:
        return normalise(self.pointwise(self.depthwise(functional.relu(features))))


class Edge(nn.Module):
    """All operations between two nodes, summed with the weights of one row of softmax(alpha)."""

    def __init__(self, channels: int, stride: int):
        super().__init__()
        self.stride = stride
        self.skip_connect = nn.Identity() if stride == 1 else FactorizedReduce(channels, channels)
        self.sep_conv_3x3 = SeparableConvolution(channels, 3, stride)
        self.sep_conv_5x5 = SeparableConvolution(channels, 5, stride)
        self.dil_conv_3x3 = DilatedConvolution(channels, 3, stride)
        self.dil_conv_5x5 = DilatedConvolution(channels, 5, stride)

    def forward(self, source: Tensor, shares: Tensor) -> Tensor:
        results = (
            normalise(functional.max_pool2d(source, 3, self.stride, padding=1)),
            normalise(average_pool_3x3(source, self.stride)),
            self.skip_connect(source),
            self.sep_conv_3x3(source),
            self.sep_conv_5x5(source),
            self.dil_conv_3x3(source),
            self.dil_conv_5x5(source),
        )
        return reduce(add, (share * result for share, result in zip(shares[1:], results)))


class Cell(nn.Module):
    """Two inputs, four nodes that sum their edges; the output is the concatenation of the four."""

    def __init__(self, inputs: tuple[int, int], channels: int, reduction: bool, after_reduction: bool):
        super().__init__()
        self.reduction = reduction
        first = FactorizedReduce if after_reduction else PointwiseConvolution
        self.preprocess0 = first(inputs[0], channels)
        self.preprocess1 = PointwiseConvolution(inputs[1], channels)
        strides = (2 if reduction and source < INPUTS else 1 for _target, source in EDGES)
        self.edges = nn.ModuleList(self.new_edge(channels, stride) for stride in strides)

    @staticmethod
    def new_edge(channels: int, stride: int) -> Edge:
        """An edge of this kind of cell."""
        return Edge(channels, stride)

    def forward(self, before_last: Tensor, last: Tensor, shares: Tensor) -> Tensor:
        nodes = [self.preprocess0(before_last), self.preprocess1(last)]
        for target in range(INPUTS, INPUTS + STEPS):
            incoming = [e for e, edge in enumerate(EDGES) if edge[0] == target]
            nodes.append(reduce(add, (self.edges[e](nodes[EDGES[e][1]], shares[e]) for e in incoming)))
        return torch.cat(nodes[INPUTS:], dim=1)


class Supernet(nn.Module):
    """Images `[batch, 3, height, width]` and `[normal, reduce]` to logits `[batch, classes]`."""

    def __init__(self, channels: int, cells: int, classes: int = 10):
        super().__init__()
        self.stem = ConvolutionNorm(3, STEM_MULTIPLIER * channels, 3)
        self.cells = nn.ModuleList()
        inputs = (STEM_MULTIPLIER * channels, STEM_MULTIPLIER * channels)
        after_reduction = False
        for position in range(cells):
            reduction = position in (cells // 3, 2 * cells // 3)
            channels = 2 * channels if reduction else channels
            self.cells.append(self.new_cell(inputs, channels, reduction, after_reduction))
            inputs = (inputs[1], STEPS * channels)
            after_reduction = reduction
        self.classifier = nn.Linear(inputs[1], classes)

    @staticmethod
    def new_cell(inputs: tuple[int, int], channels: int, reduction: bool, after_reduction: bool) -> Cell:
        """A cell of this kind of supernet."""
        return Cell(inputs, channels, reduction, after_reduction)

    @staticmethod
    def initial_alphas() -> list[Tensor]:
        """Two matrices `[14, 8]`, normal and reduce, drawn anew."""
        return [initial_alpha(len(EDGES), len(OPERATIONS)) for _ in range(2)]

    def forward(self, images: Tensor, alphas: list[Tensor]) -> Tensor:
        normal_shares, reduce_shares = (alpha.softmax(dim=-1) for alpha in alphas)
        before_last = last = self.stem(images)
        for cell in self.cells:
            shares = reduce_shares if cell.reduction else normal_shares
            before_last, last = last, cell(before_last, last, shares)
        return self.classifier(global_average(last))


if __name__ == "__main__":
    assert parameter_count(Supernet(16, 8)) == PUBLISHED_PARAMETERS
    print(f"darts: {PUBLISHED_PARAMETERS} parameters")
