"""Derived networks of both spaces: one operation on every edge, batch norms with scale, shift and running statistics.

Parameter names are those of the Rust networks. Only what the golden runs need: cells in which every node is used, and of the DARTS
space the CIFAR stem, stacks whose cells put out four nodes, and images whose sides 4 divides.

Choices where programs may differ: the pools of a derived DARTS network have no batch norm (NAS-Bench-201's have none either), pools
average over the pixels inside the image, and no path is dropped.

`python derived.py` checks numbers of parameters against published ones.
"""

from functools import reduce
from operator import add

import torch
from torch import Tensor, nn
from torch.nn import functional

from layers import EPSILON, average_pool_3x3, convolution, global_average, parameter_count

Edges = tuple[tuple[str, int], ...]  # operation and source node of each edge, by target node

STEM_MULTIPLIER = 3
INPUTS = 2  # nodes 0 and 1 of a DARTS cell are the outputs of the two cells before
AUXILIARY_CHANNELS = (128, 768)
POOL, SKIP, THREE = "max_pool_3x3", "skip_connect", "sep_conv_3x3"
# The cells of DARTS_V2.
DARTS_V2 = (
    ((THREE, 0), (THREE, 1), (THREE, 0), (THREE, 1), (THREE, 1), (SKIP, 0), (SKIP, 0), ("dil_conv_3x3", 2)),
    ((POOL, 0), (POOL, 1), (SKIP, 2), (POOL, 1), (POOL, 0), (SKIP, 2), (SKIP, 2), (POOL, 1)),
)
PUBLISHED_PARAMETERS = (129_306, 3_349_342)  # index 0 of NAS-Bench-201, DARTS_V2; for CIFAR-10


def norm(channels: int) -> nn.BatchNorm2d:
    """PyTorch's batch norm as it stands: momentum 0.1, running variance from the unbiased estimate."""
    return nn.BatchNorm2d(channels, eps=EPSILON)


class ConvolutionNorm(nn.Module):
    """Convolution and batch norm, after a ReLU on request."""

    def __init__(self, conv: nn.Conv2d, relu: bool):
        super().__init__()
        self.relu, self.conv, self.bn = relu, conv, norm(conv.out_channels)

    def forward(self, features: Tensor) -> Tensor:
        return self.bn(self.conv(functional.relu(features) if self.relu else features))


class Pool(nn.Module):
    """3x3 pool, padded so that stride 1 keeps height and width."""

    def __init__(self, maximum: bool, stride: int = 1):
        super().__init__()
        self.maximum, self.stride = maximum, stride

    def forward(self, features: Tensor) -> Tensor:
        if self.maximum:
            return functional.max_pool2d(features, 3, self.stride, padding=1)
        return average_pool_3x3(features, self.stride)


class FactorizedReduce(nn.Module):
    """ReLU, two strided 1x1 convolutions, the second one pixel down and right of the first, batch norm."""

    def __init__(self, inputs: int, outputs: int):
        super().__init__()
        self.conv1 = convolution(inputs, outputs // 2, 1, stride=2)
        self.conv2 = convolution(inputs, outputs - outputs // 2, 1, stride=2)
        self.bn = norm(outputs)

    def forward(self, features: Tensor) -> Tensor:
        active = functional.relu(features)
        return self.bn(torch.cat([self.conv1(active), self.conv2(active[:, :, 1:, 1:])], dim=1))


class SeparableConvolution(nn.Module):
    """ReLU, depthwise, pointwise, batch norm, twice; the stride is the first depthwise convolution's."""

    def __init__(self, channels: int, kernel: int, stride: int):
        super().__init__()
        self.depthwise1 = convolution(channels, channels, kernel, stride, groups=channels)
        self.pointwise1 = convolution(channels, channels, 1)
        self.bn1 = norm(channels)
        self.depthwise2 = convolution(channels, channels, kernel, groups=channels)
        self.pointwise2 = convolution(channels, channels, 1)
        self.bn2 = norm(channels)

    def forward(self, features: Tensor) -> Tensor:
        features = self.bn1(self.pointwise1(self.depthwise1(functional.relu(features))))
        return self.bn2(self.pointwise2(self.depthwise2(functional.relu(features))))


class DilatedConvolution(nn.Module):
    """ReLU, depthwise of dilation 2, pointwise, batch norm."""

    def __init__(self, channels: int, kernel: int, stride: int):
        super().__init__()
        self.depthwise = convolution(channels, channels, kernel, stride, dilation=2, groups=channels)
        self.pointwise = convolution(channels, channels, 1)
        self.bn = norm(channels)

    def forward(self, features: Tensor) -> Tensor:
        return self.bn(self.pointwise(self.depthwise(functional.relu(features))))


def operation(name: str, channels: int, stride: int) -> nn.Module:
    """An operation of either space."""
    match name:
        case "skip_connect":
            return nn.Identity() if stride == 1 else FactorizedReduce(channels, channels)
        case "max_pool_3x3" | "avg_pool_3x3":
            return Pool(name.startswith("max"), stride)
        case "nor_conv_1x1" | "nor_conv_3x3":
            return ConvolutionNorm(convolution(channels, channels, int(name[-1])), relu=True)
        case "sep_conv_3x3" | "sep_conv_5x5":
            return SeparableConvolution(channels, int(name[-1]), stride)
        case "dil_conv_3x3" | "dil_conv_5x5":
            return DilatedConvolution(channels, int(name[-1]), stride)
    raise ValueError(f"no operation {name!r}")


def edge(name: str, channels: int, stride: int) -> nn.ModuleDict:
    """An edge, its parameters named after its operation."""
    return nn.ModuleDict({name: operation(name, channels, stride)})


def along(edge: nn.ModuleDict, source: Tensor) -> Tensor:
    """What an edge makes of its source."""
    (layer,) = edge.values()
    return layer(source)


class SumCell(nn.Module):
    """A NAS-Bench-201 cell: node 0 is the input, every later node sums an edge from each before it, node 3 is the output."""

    def __init__(self, edges: Edges, channels: int):
        super().__init__()
        self.sources = [source for _name, source in edges]
        self.edges = nn.ModuleList(edge(name, channels, 1) for name, _source in edges)

    def forward(self, features: Tensor) -> Tensor:
        nodes = [features]
        for first in (0, 1, 3):
            incoming = range(first, first + len(nodes))
            nodes.append(reduce(add, (along(self.edges[e], nodes[self.sources[e]]) for e in incoming)))
        return nodes[3]


class Stage(nn.Module):
    """NAS-Bench-201 cells of one resolution."""

    def __init__(self, edges: Edges, channels: int, cells: int):
        super().__init__()
        self.cells = nn.Sequential(*(SumCell(edges, channels) for _ in range(cells)))

    def forward(self, features: Tensor) -> Tensor:
        return self.cells(features)


class ResidualBlock(nn.Module):
    """Halves height and width and doubles the channels."""

    def __init__(self, channels: int):
        super().__init__()
        self.first = ConvolutionNorm(convolution(channels, 2 * channels, 3, stride=2), relu=True)
        self.second = ConvolutionNorm(convolution(2 * channels, 2 * channels, 3), relu=True)
        self.shortcut = convolution(channels, 2 * channels, 1)

    def forward(self, features: Tensor) -> Tensor:
        return self.shortcut(functional.avg_pool2d(features, 2, 2)) + self.second(self.first(features))


class NasBench201(nn.Module):
    """Images `[batch, 3, height, width]` to logits `[batch, classes]`."""

    def __init__(self, edges: Edges, channels: int, cells: int, classes: int):
        super().__init__()
        self.stem = ConvolutionNorm(convolution(3, channels, 3), relu=False)
        self.stages = nn.ModuleList(Stage(edges, channels << stage, cells) for stage in range(3))
        self.reductions = nn.ModuleList(ResidualBlock(channels << stage) for stage in range(2))
        self.head = nn.ModuleDict({"bn": norm(4 * channels)})
        self.classifier = nn.Linear(4 * channels, classes)

    def forward(self, images: Tensor) -> tuple[Tensor]:
        features = self.stages[0](self.stem(images))
        for reduction, stage in zip(self.reductions, self.stages[1:]):
            features = stage(reduction(features))
        return (self.classifier(global_average(functional.relu(self.head["bn"](features)))),)


class ConcatenationCell(nn.Module):
    """A DARTS cell: two inputs, nodes that sum two edges each; the output is their concatenation."""

    def __init__(self, edges: Edges, inputs: tuple[int, int], channels: int, reduction: bool, after_reduction: bool):
        super().__init__()
        pointwise = [ConvolutionNorm(convolution(channel, channels, 1), relu=True) for channel in inputs]
        self.preprocess0 = FactorizedReduce(inputs[0], channels) if after_reduction else pointwise[0]
        self.preprocess1 = pointwise[1]
        self.sources = [source for _name, source in edges]
        self.edges = nn.ModuleList(edge(name, channels, 2 if reduction and source < INPUTS else 1) for name, source in edges)

    def forward(self, before_last: Tensor, last: Tensor) -> Tensor:
        nodes = [self.preprocess0(before_last), self.preprocess1(last)]
        for first in range(0, len(self.edges), 2):
            incoming = (first, first + 1)
            nodes.append(reduce(add, (along(self.edges[e], nodes[self.sources[e]]) for e in incoming)))
        return torch.cat(nodes[INPUTS:], dim=1)


class Auxiliary(nn.Module):
    """The second classifier, on the output of the second reduction cell; 4x4 pixels, say, are pooled to 2x2."""

    def __init__(self, inputs: int, side: int, classes: int):
        super().__init__()
        first, second = AUXILIARY_CHANNELS
        self.stride = (side + 1) // 2 - 1
        self.window = side - self.stride
        self.first = ConvolutionNorm(nn.Conv2d(inputs, first, 1, bias=False), relu=False)
        self.second = ConvolutionNorm(nn.Conv2d(first, second, 2, bias=False), relu=True)
        self.classifier = nn.Linear(second, classes)

    def forward(self, features: Tensor) -> Tensor:
        pooled = functional.avg_pool2d(functional.relu(features), self.window, self.stride)
        return self.classifier(functional.relu(self.second(self.first(pooled))).flatten(1))


class Darts(nn.Module):
    """Images `[batch, 3, side, side]` to logits and, in training, those of the auxiliary classifier if there is one, each
    `[batch, classes]`."""

    def __init__(
        self, normal: Edges, reduction: Edges, channels: int, cells: int, classes: int, side: int, auxiliary: bool = True
    ):
        super().__init__()
        self.auxiliary = None
        self.stem = ConvolutionNorm(convolution(3, STEM_MULTIPLIER * channels, 3), relu=False)
        self.cells = nn.ModuleList()
        self.second_reduction = 2 * cells // 3
        inputs, after_reduction = (STEM_MULTIPLIER * channels,) * 2, False
        for position in range(cells):
            reduces = position in (cells // 3, self.second_reduction)
            channels *= 2 if reduces else 1
            edges = reduction if reduces else normal
            self.cells.append(ConcatenationCell(edges, inputs, channels, reduces, after_reduction))
            inputs, after_reduction = (inputs[1], len(edges) // 2 * channels), reduces
            if auxiliary and position == self.second_reduction:
                self.auxiliary = Auxiliary(inputs[1], side // 4, classes)
        self.classifier = nn.Linear(inputs[1], classes)

    def forward(self, images: Tensor) -> tuple[Tensor, ...]:
        before_last = last = self.stem(images)
        outputs = ()
        for position, cell in enumerate(self.cells):
            before_last, last = last, cell(before_last, last)
            if position == self.second_reduction and self.training and self.auxiliary is not None:
                outputs = (self.auxiliary(last),)
        return (self.classifier(global_average(last)), *outputs)


def check_published():
    """Index 0 of NAS-Bench-201, and DARTS_V2 at 36 channels and 20 cells, whose auxiliary classifier does not count."""
    pool, point = "avg_pool_3x3", "nor_conv_1x1"
    index_0 = NasBench201(((pool, 0), (point, 0), (SKIP, 1), (point, 0), (SKIP, 1), (SKIP, 2)), 16, 5, 10)
    darts_v2 = Darts(*DARTS_V2, 36, 20, 10, 32)
    counts = parameter_count(index_0), parameter_count(darts_v2) - parameter_count(darts_v2.auxiliary)
    assert counts == PUBLISHED_PARAMETERS, counts
    print("nas-bench-201 index 0: {} parameters, DARTS_V2: {} parameters".format(*counts))


if __name__ == "__main__":
    check_published()
