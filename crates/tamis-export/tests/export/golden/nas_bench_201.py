"""A trained network, written by tamis 0.1.0.

Input: images [batch, 3, 8, 8], normalised, channel by channel: (pixel * PIXEL_SCALE - MEAN) / DEVIATION.
Output: logits [batch, 5].
8281 parameters, 66389 multiply-adds for one image. Paths are never dropped.
It has all parameters of the network that was trained.

With the weights beside it, in a file network.safetensors, and this file as network.py:

    import network
    model = network.load("network.safetensors")
    logits = model(images)
"""

import torch
from torch import nn
from torch.nn import functional as F

CLASSES = ["class \"0\" é", "class \"1\" é", "class \"2\" é", "class \"3\" é", "class \"4\" é"]
MEAN = [0.5949233628506769, 0.5700751693552755, 0.4119272833115274]
DEVIATION = [0.28952468112066126, 0.25883244728671334, 0.29963165653023893]
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
        self.stem = Group(
            conv=nn.Conv2d(3, 4, 3, padding=1, bias=False),
            bn=nn.BatchNorm2d(4),
        )
        self.stages = nn.ModuleList([
            Group(
                cells=nn.ModuleList([
                    Group(
                        edges=nn.ModuleDict({
                            "1": Group(
                                nor_conv_1x1=Group(
                                    conv=nn.Conv2d(4, 4, 1, bias=False),
                                    bn=nn.BatchNorm2d(4),
                                ),
                            ),
                            "4": Group(
                                nor_conv_3x3=Group(
                                    conv=nn.Conv2d(4, 4, 3, padding=1, bias=False),
                                    bn=nn.BatchNorm2d(4),
                                ),
                            ),
                        }),
                    ),
                ]),
            ),
            Group(
                cells=nn.ModuleList([
                    Group(
                        edges=nn.ModuleDict({
                            "1": Group(
                                nor_conv_1x1=Group(
                                    conv=nn.Conv2d(8, 8, 1, bias=False),
                                    bn=nn.BatchNorm2d(8),
                                ),
                            ),
                            "4": Group(
                                nor_conv_3x3=Group(
                                    conv=nn.Conv2d(8, 8, 3, padding=1, bias=False),
                                    bn=nn.BatchNorm2d(8),
                                ),
                            ),
                        }),
                    ),
                ]),
            ),
            Group(
                cells=nn.ModuleList([
                    Group(
                        edges=nn.ModuleDict({
                            "1": Group(
                                nor_conv_1x1=Group(
                                    conv=nn.Conv2d(16, 16, 1, bias=False),
                                    bn=nn.BatchNorm2d(16),
                                ),
                            ),
                            "4": Group(
                                nor_conv_3x3=Group(
                                    conv=nn.Conv2d(16, 16, 3, padding=1, bias=False),
                                    bn=nn.BatchNorm2d(16),
                                ),
                            ),
                        }),
                    ),
                ]),
            ),
        ])
        self.reductions = nn.ModuleList([
            Group(
                first=Group(
                    conv=nn.Conv2d(4, 8, 3, stride=2, padding=1, bias=False),
                    bn=nn.BatchNorm2d(8),
                ),
                second=Group(
                    conv=nn.Conv2d(8, 8, 3, padding=1, bias=False),
                    bn=nn.BatchNorm2d(8),
                ),
                shortcut=nn.Conv2d(4, 8, 1, bias=False),
            ),
            Group(
                first=Group(
                    conv=nn.Conv2d(8, 16, 3, stride=2, padding=1, bias=False),
                    bn=nn.BatchNorm2d(16),
                ),
                second=Group(
                    conv=nn.Conv2d(16, 16, 3, padding=1, bias=False),
                    bn=nn.BatchNorm2d(16),
                ),
                shortcut=nn.Conv2d(8, 16, 1, bias=False),
            ),
        ])
        self.head = Group(
            bn=nn.BatchNorm2d(16),
        )
        self.classifier = nn.Linear(16, 5)

    def forward(self, images: torch.Tensor) -> torch.Tensor:
        """From images [batch, 3, 8, 8] to logits [batch, 5]."""
        x2 = self.run_stem(images)
        x11 = self.run_stages_0_cells_0(x2)
        x20 = self.run_reductions_0(x11)
        x29 = self.run_stages_1_cells_0(x20)
        x38 = self.run_reductions_1(x29)
        x47 = self.run_stages_2_cells_0(x38)
        x48 = self.run_head(x47)
        x51 = self.run_classifier(x48)
        return x51

    def run_stem(self, images):
        """stem: [3, 8, 8] to [4, 8, 8]"""
        block = self.stem
        x = block.conv(images)
        x2 = block.bn(x)
        return x2

    def run_stages_0_cells_0(self, x2):
        """stages.0.cells.0: [4, 8, 8] to [4, 8, 8]"""
        block = self.stages[0].cells[0]
        x3 = F.avg_pool2d(x2, 3, stride=1, padding=1, count_include_pad=False)
        x = F.relu(x2)
        x = block.edges["1"].nor_conv_1x1.conv(x)
        x = block.edges["1"].nor_conv_1x1.bn(x)
        x7 = x + x3
        x = F.relu(x3)
        x = block.edges["4"].nor_conv_3x3.conv(x)
        x = block.edges["4"].nor_conv_3x3.bn(x)
        x11 = x + x7
        return x11

    def run_reductions_0(self, x11):
        """reductions.0: [4, 8, 8] to [8, 4, 4]"""
        block = self.reductions[0]
        x = F.relu(x11)
        x = block.first.conv(x)
        x = block.first.bn(x)
        x = F.relu(x)
        x = block.second.conv(x)
        x17 = block.second.bn(x)
        x = F.avg_pool2d(x11, 2, stride=2, count_include_pad=False)
        x = block.shortcut(x)
        x20 = x17 + x
        return x20

    def run_stages_1_cells_0(self, x20):
        """stages.1.cells.0: [8, 4, 4] to [8, 4, 4]"""
        block = self.stages[1].cells[0]
        x21 = F.avg_pool2d(x20, 3, stride=1, padding=1, count_include_pad=False)
        x = F.relu(x20)
        x = block.edges["1"].nor_conv_1x1.conv(x)
        x = block.edges["1"].nor_conv_1x1.bn(x)
        x25 = x + x21
        x = F.relu(x21)
        x = block.edges["4"].nor_conv_3x3.conv(x)
        x = block.edges["4"].nor_conv_3x3.bn(x)
        x29 = x + x25
        return x29

    def run_reductions_1(self, x29):
        """reductions.1: [8, 4, 4] to [16, 2, 2]"""
        block = self.reductions[1]
        x = F.relu(x29)
        x = block.first.conv(x)
        x = block.first.bn(x)
        x = F.relu(x)
        x = block.second.conv(x)
        x35 = block.second.bn(x)
        x = F.avg_pool2d(x29, 2, stride=2, count_include_pad=False)
        x = block.shortcut(x)
        x38 = x35 + x
        return x38

    def run_stages_2_cells_0(self, x38):
        """stages.2.cells.0: [16, 2, 2] to [16, 2, 2]"""
        block = self.stages[2].cells[0]
        x39 = F.avg_pool2d(x38, 3, stride=1, padding=1, count_include_pad=False)
        x = F.relu(x38)
        x = block.edges["1"].nor_conv_1x1.conv(x)
        x = block.edges["1"].nor_conv_1x1.bn(x)
        x43 = x + x39
        x = F.relu(x39)
        x = block.edges["4"].nor_conv_3x3.conv(x)
        x = block.edges["4"].nor_conv_3x3.bn(x)
        x47 = x + x43
        return x47

    def run_head(self, x47):
        """head: [16, 2, 2] to [16, 2, 2]"""
        block = self.head
        x48 = block.bn(x47)
        return x48

    def run_classifier(self, x48):
        """classifier: [16, 2, 2] to [5]"""
        x = F.relu(x48)
        x = x.mean(dim=(2, 3))
        x51 = self.classifier(x)
        return x51


def load(path):
    """The network with the weights of a safetensors file, for prediction."""
    from safetensors.torch import load_file

    network = Network()
    network.load_state_dict(load_file(path))
    return network.eval()
