"""The search supernet of NAS-Bench-201 (Dong and Yang, ICLR 2020), as an oracle for values and speed.

Parameter names are those of the Rust supernet, so that a tensor file serves both. Architecture parameters are an argument of the
forward pass, not a parameter of the network: `alpha` `[6, 5]`, shared by all cells.

Choices where published programs differ: convolutions have no bias; `none` is left out of the sum, as its term is exactly zero, and
acts only through its share of the softmax.

`python nas_bench_201.py` checks the number of parameters.
"""

from torch import Tensor, nn
from torch.nn import functional

from layers import (
    ConvolutionNorm,
    affine_norm,
    average_pool_3x3,
    convolution,
    global_average,
    initial_alpha,
    normalise,
    parameter_count,
)

OPERATIONS = ("none", "skip_connect", "nor_conv_1x1", "nor_conv_3x3", "avg_pool_3x3")
EDGES = ((1, 0), (2, 0), (2, 1), (3, 0), (3, 1), (3, 2))  # (target node, source node), the order of the rows of alpha
PUBLISHED_PARAMETERS = 1_686_106  # at 16 channels, 5 cells a stage, 10 classes


class Edge(nn.Module):
    """All operations between two nodes, summed with the weights of one row of softmax(alpha)."""

    def __init__(self, channels: int):
        super().__init__()
        self.nor_conv_1x1 = convolution(channels, channels, 1)
        self.nor_conv_3x3 = convolution(channels, channels, 3)

    def forward(self, source: Tensor, shares: Tensor) -> Tensor:
        _none, skip, conv_1x1, conv_3x3, pool = shares
        active = functional.relu(source)
        return (
            skip * source
            + conv_1x1 * normalise(self.nor_conv_1x1(active))
            + conv_3x3 * normalise(self.nor_conv_3x3(active))
            + pool * average_pool_3x3(source)
        )


class Cell(nn.Module):
    """Four nodes: node 0 is the input, every later node sums its edges, node 3 is the output."""

    def __init__(self, channels: int):
        super().__init__()
        self.edges = nn.ModuleList(Edge(channels) for _ in EDGES)

    def forward(self, features: Tensor, shares: Tensor) -> Tensor:
        nodes = {0: features}
        for edge, (target, source), row in zip(self.edges, EDGES, shares):
            term = edge(nodes[source], row)
            nodes[target] = nodes[target] + term if target in nodes else term
        return nodes[3]


class Stage(nn.Module):
    """Cells of one resolution, one after the other."""

    def __init__(self, channels: int, cells: int):
        super().__init__()
        self.cells = nn.ModuleList(Cell(channels) for _ in range(cells))

    def forward(self, features: Tensor, shares: Tensor) -> Tensor:
        for cell in self.cells:
            features = cell(features, shares)
        return features


class Reduction(nn.Module):
    """Residual block that halves height and width and doubles the channels."""

    def __init__(self, channels: int):
        super().__init__()
        self.first = ConvolutionNorm(channels, 2 * channels, 3, stride=2)
        self.second = ConvolutionNorm(2 * channels, 2 * channels, 3)
        self.shortcut = convolution(channels, 2 * channels, 1)

    def forward(self, features: Tensor) -> Tensor:
        main = self.second(functional.relu(self.first(functional.relu(features))))
        return self.shortcut(functional.avg_pool2d(features, 2, 2)) + main


class Head(nn.Module):
    """Batch norm, ReLU and global average pool."""

    def __init__(self, channels: int):
        super().__init__()
        self.bn = affine_norm(channels)

    def forward(self, features: Tensor) -> Tensor:
        return global_average(functional.relu(self.bn(features)))


class Supernet(nn.Module):
    """Images `[batch, 3, height, width]` and `[alpha]` to logits `[batch, classes]`."""

    def __init__(self, channels: int, cells: int, classes: int = 10):
        super().__init__()
        self.stem = ConvolutionNorm(3, channels, 3)
        self.stages = nn.ModuleList(Stage(channels << stage, cells) for stage in range(3))
        self.reductions = nn.ModuleList(Reduction(channels << stage) for stage in range(2))
        self.head = Head(4 * channels)
        self.classifier = nn.Linear(4 * channels, classes)

    @staticmethod
    def initial_alphas() -> list[Tensor]:
        """One matrix `[6, 5]`, drawn anew."""
        return [initial_alpha(len(EDGES), len(OPERATIONS))]

    def forward(self, images: Tensor, alphas: list[Tensor]) -> Tensor:
        return self.mix(images, alphas[0].softmax(dim=-1))

    def mix(self, images: Tensor, shares: Tensor) -> Tensor:
        """The same at given mixing weights `[6, 5]`."""
        features = self.stages[0](self.stem(images), shares)
        for reduction, stage in zip(self.reductions, self.stages[1:]):
            features = stage(reduction(features), shares)
        return self.classifier(self.head(features))


if __name__ == "__main__":
    assert parameter_count(Supernet(16, 5)) == PUBLISHED_PARAMETERS
    print(f"nas-bench-201: {PUBLISHED_PARAMETERS} parameters")
