"""ResNet-8 for image classification (MLPerf Tiny IC): 32x32 RGB, 10 classes, 12,501,632 MACs.

He et al., "Deep Residual Learning", arXiv:1512.03385, in MLPerf Tiny's size. Padding as TensorFlow's SAME.
"""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor, nn

from examples.models.common import SamePad2d, initialise

INPUT_NAME = "image"
INPUT_SHAPE = (1, 3, 32, 32)
MACS = 12_501_632


def conv_bn(size: int, inputs: int, outputs: int, stride: int) -> nn.Sequential:
    return nn.Sequential(
        SamePad2d((size, size), (3, 3), (stride, stride)),
        nn.Conv2d(inputs, outputs, 3, stride=stride),
        nn.BatchNorm2d(outputs),
    )


class ResidualBlock(nn.Module):
    def __init__(self, size: int, inputs: int, outputs: int, stride: int) -> None:
        super().__init__()
        self.first = conv_bn(size, inputs, outputs, stride)
        self.second = conv_bn(size // stride, outputs, outputs, 1)
        self.shortcut = nn.Identity() if stride == 1 else nn.Conv2d(inputs, outputs, 1, stride=stride)

    def forward(self, x: Tensor) -> Tensor:
        y = self.second(torch.relu(self.first(x)))
        return torch.relu(self.shortcut(x) + y)


class ResNet8(nn.Module):
    def __init__(self, classes: int = 10) -> None:
        super().__init__()
        self.stem = nn.Sequential(conv_bn(32, 3, 16, 1), nn.ReLU())
        self.blocks = nn.Sequential(
            ResidualBlock(32, 16, 16, 1), ResidualBlock(32, 16, 32, 2), ResidualBlock(16, 32, 64, 2)
        )
        self.pool = nn.AvgPool2d(8)
        self.classifier = nn.Linear(64, classes)
        self.softmax = nn.Softmax(dim=1)

    def forward(self, image: Tensor) -> Tensor:
        x = self.pool(self.blocks(self.stem(image)))
        return self.softmax(self.classifier(x.flatten(1)))


def build(seed: int = 0) -> nn.Module:
    return initialise(ResNet8(), seed)


def calibration(samples: int, seed: int = 1) -> np.ndarray:
    """Smooth random images, roughly normalised; float32 (samples, 3, 32, 32)."""
    rng = np.random.default_rng(seed)
    coarse = rng.standard_normal((samples, 3, 8, 8))
    return (coarse.repeat(4, axis=2).repeat(4, axis=3) + 0.3 * rng.standard_normal((samples, 3, 32, 32))).astype(
        np.float32
    )
