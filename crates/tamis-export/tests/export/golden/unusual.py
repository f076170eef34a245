"""A trained network, written by tamis 0.1.0.

Input: images [batch, 2, 9, 12], pixels as they are stored, 0 to 255 say; the network normalises them.
Output: logits [batch, 4].
9396 parameters, 28292 multiply-adds for one image. Paths are never dropped.
It has all parameters of the network that was trained.

With the weights beside it, in a file network.safetensors, and this file as network.py:

    import network
    model = network.load("network.safetensors")
    logits = model(images)
"""

import torch
from torch import nn
from torch.nn import functional as F

CLASSES = ["class \"0\" é", "class \"1\" é", "class \"2\" é", "class \"3\" é"]
MEAN = [0.4582371301682433, 0.5662912370676645]
DEVIATION = [0.24183410002179995, 0.3445637206740098]
PIXEL_SCALE = 0.00392156862745098


class Group(nn.Module):
    """Modules under their names."""

    def __init__(self, **modules):
        super().__init__()
        for name, module in modules.items():
            self.add_module(name, module)


class Network(nn.Module):
    """The network; see above."""

    def __init__(self):
        super().__init__()
        mean = torch.tensor(MEAN, dtype=torch.float64).view(1, -1, 1, 1)
        deviation = torch.tensor(DEVIATION, dtype=torch.float64).view(1, -1, 1, 1)
        self.register_buffer("pixel_factor", (PIXEL_SCALE / deviation).float(), persistent=False)
        self.register_buffer("pixel_offset", (-mean / deviation).float(), persistent=False)
        self.first = Group(
            bn=nn.BatchNorm2d(2, affine=False),
        )
        self.skewed = Group(
            conv=nn.Conv2d(2, 6, (2, 3), stride=(1, 2), padding=(1, 0), groups=2),
            bn=nn.BatchNorm2d(6),
        )
        self.shared = Group(
            conv=nn.Conv2d(6, 6, 3, padding=1, bias=False),
            bn=nn.BatchNorm2d(6),
        )
        self.pool = Group(
            bn=nn.BatchNorm2d(6, affine=False),
        )
        self.cut = nn.Conv2d(12, 12, 1, stride=2, bias=False)
        self.planes = nn.Linear(72, 120)
        self.reduced = Group(
            conv1=nn.Conv2d(8, 3, 1, stride=2, bias=False),
            conv2=nn.Conv2d(8, 4, 1, stride=2, bias=False),
            bn=nn.BatchNorm2d(7),
        )
        self.classifier = nn.Linear(7, 4)

    def forward(self, images: torch.Tensor) -> torch.Tensor:
        """From images [batch, 2, 9, 12] to logits [batch, 4]."""
        images = self.normalize(images)
        x1 = self.run_first(images)
        x3 = self.run_skewed(x1)
        x6 = self.run_shared(x3)
        x10 = self.run_pool(x6)
        x17 = self.run_cut(x10)
        x19 = self.run_planes(x17)
        x24 = self.run_reduced(x19)
        x26 = self.run_classifier(x24)
        return x26

    def normalize(self, images):
        """Pixels to what the layers read."""
        return images * self.pixel_factor + self.pixel_offset

    def run_first(self, images):
        """first: [2, 9, 12] to [2, 9, 12]"""
        block = self.first
        x1 = block.bn(images)
        return x1

    def run_skewed(self, x1):
        """skewed: [2, 9, 12] to [6, 10, 5]"""
        block = self.skewed
        x = block.conv(x1)
        x3 = block.bn(x)
        return x3

    def run_shared(self, x3):
        """shared: [6, 10, 5] to [6, 10, 5]"""
        block = self.shared
        x4 = block.conv(x3)
        x = block.bn(x4)
        x6 = x4 + x + x3
        return x6

    def run_pool(self, x6):
        """pool: [6, 10, 5] to [12, 5, 3]"""
        block = self.pool
        x7 = F.max_pool2d(x6, 3, stride=2, padding=1)
        x = F.avg_pool2d(x6, 3, stride=2, padding=1, count_include_pad=False)
        x = block.bn(x)
        x10 = torch.cat([x7, x], dim=1)
        return x10

    def run_cut(self, x10):
        """cut: [12, 5, 3] to [12, 3, 2]"""
        x13 = x10.new_zeros(x10.shape[0], 12, 5, 3)
        x14 = x10.new_zeros(x10.shape[0], 12, 3, 2)
        x = x10 + x13
        x = self.cut(x)
        x17 = x + x14
        return x17

    def run_planes(self, x17):
        """planes: [12, 3, 2] to [120]"""
        x = x17.flatten(1)
        x19 = self.planes(x)
        return x19

    def run_reduced(self, x19):
        """reduced: [120] to [7, 2, 3]"""
        block = self.reduced
        x = x19.unflatten(1, (5, 4, 6))
        x = F.pad(x[:, :, ::2, ::2], (0, 0, 0, 0, 1, 2))
        x = F.interpolate(x, scale_factor=2, mode="nearest")
        x = torch.cat([block.conv1(x), block.conv2(x[:, :, 1:, 1:])], dim=1)
        x24 = block.bn(x)
        return x24

    def run_classifier(self, x24):
        """classifier: [7, 2, 3] to [4]"""
        x = x24.mean(dim=(2, 3))
        x26 = self.classifier(x)
        return x26


def load(path):
    """The network with the weights of a safetensors file, for prediction."""
    from safetensors.torch import load_file

    network = Network()
    network.load_state_dict(load_file(path))
    return network.eval()
