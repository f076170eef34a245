"""Layers that several of the reference networks share.

Every batch norm of a supernet normalises by the statistics of the batch, in training and in scoring alike, so these keep no
running statistics. Nothing here knows a search space.
"""

import torch
from torch import Tensor, nn
from torch.nn import functional

EPSILON = 1e-5


def normalise(features: Tensor) -> Tensor:
    """Batch norm by batch statistics (biased variance) without scale and shift: BN(affine=False)."""
    return functional.batch_norm(features, None, None, training=True, eps=EPSILON)


def affine_norm(channels: int) -> nn.BatchNorm2d:
    """Batch norm by batch statistics with a trained scale `weight` and shift `bias`."""
    return nn.BatchNorm2d(channels, eps=EPSILON, track_running_stats=False)


def convolution(inputs: int, outputs: int, kernel: int, stride: int = 1, dilation: int = 1, groups: int = 1) -> nn.Conv2d:
    """Convolution without bias, padded so that stride 1 keeps height and width."""
    padding = dilation * (kernel - 1) // 2
    return nn.Conv2d(inputs, outputs, kernel, stride, padding, dilation, groups, bias=False)


class ConvolutionNorm(nn.Module):
    """Convolution and affine batch norm: parameters `conv.weight`, `bn.weight`, `bn.bias`."""

    def __init__(self, inputs: int, outputs: int, kernel: int, stride: int = 1):
        super().__init__()
        self.conv = convolution(inputs, outputs, kernel, stride)
        self.bn = affine_norm(outputs)

    def forward(self, images: Tensor) -> Tensor:
        return self.bn(self.conv(images))


def average_pool_3x3(features: Tensor, stride: int = 1) -> Tensor:
    """Average over the pixels of each 3x3 window that lie inside the image."""
    return functional.avg_pool2d(features, 3, stride, padding=1, count_include_pad=False)


def global_average(features: Tensor) -> Tensor:
    """`[batch, channel, height, width]` to `[batch, channel]`."""
    return features.mean(dim=(2, 3))


def initial_alpha(rows: int, operations: int) -> Tensor:
    """Architecture parameters `[rows, operations]`, drawn from 1e-3 * N(0, 1)."""
    return 1e-3 * torch.randn(rows, operations)


def parameter_count(network: nn.Module) -> int:
    """Number of trained scalars, architecture parameters not counted."""
    return sum(parameter.numel() for parameter in network.parameters())
