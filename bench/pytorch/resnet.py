"""The CIFAR ResNet of He et al. (CVPR 2016), section 4.2, with shortcut option A: the network that proxy scores come from.

Depth is 6 * blocks + 2, so 3 blocks a stage make ResNet-20. Shortcuts have no parameters: where a stage begins they take every
second pixel and fill the new channels with zeros, half before and half after. Batch norm keeps running statistics.

`python resnet.py` checks the number of parameters.
"""

from torch import Tensor, nn
from torch.nn import functional

from layers import convolution, global_average, parameter_count

PUBLISHED_PARAMETERS = 269_722  # ResNet-20: 16 channels, 3 blocks a stage, 10 classes


class Block(nn.Module):
    """Two 3x3 convolutions, each with batch norm, beside a shortcut without parameters."""

    def __init__(self, inputs: int, outputs: int):
        super().__init__()
        self.new_channels = outputs - inputs
        self.conv1 = convolution(inputs, outputs, 3, stride=2 if self.new_channels else 1)
        self.bn1 = nn.BatchNorm2d(outputs)
        self.conv2 = convolution(outputs, outputs, 3)
        self.bn2 = nn.BatchNorm2d(outputs)

    def shortcut(self, features: Tensor) -> Tensor:
        if not self.new_channels:
            return features
        half = self.new_channels // 2
        return functional.pad(features[:, :, ::2, ::2], (0, 0, 0, 0, half, self.new_channels - half))

    def forward(self, features: Tensor) -> Tensor:
        main = functional.relu(self.bn1(self.conv1(features)))
        return functional.relu(self.bn2(self.conv2(main)) + self.shortcut(features))


class ResNet(nn.Module):
    """Images `[batch, 3, height, width]` to logits `[batch, classes]`."""

    def __init__(self, channels: int, blocks: int, classes: int = 10):
        super().__init__()
        self.conv = convolution(3, channels, 3)
        self.bn = nn.BatchNorm2d(channels)
        widths = [channels] + [channels << stage for stage in range(3) for _ in range(blocks)]
        self.blocks = nn.ModuleList(Block(*pair) for pair in zip(widths, widths[1:]))
        self.classifier = nn.Linear(4 * channels, classes)

    def forward(self, images: Tensor) -> Tensor:
        features = functional.relu(self.bn(self.conv(images)))
        for block in self.blocks:
            features = block(features)
        return self.classifier(global_average(features))


if __name__ == "__main__":
    assert parameter_count(ResNet(16, 3)) == PUBLISHED_PARAMETERS
    print(f"resnet-20: {PUBLISHED_PARAMETERS} parameters")
