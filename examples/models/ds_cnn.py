"""DS-CNN for keyword spotting (MLPerf Tiny KWS): 49 frames of 10 MFCCs, 12 classes, 2,656,768 MACs.

Zhang et al., "Hello Edge: Keyword Spotting on Microcontrollers", arXiv:1711.07128.
"""

from __future__ import annotations

import numpy as np
from torch import Tensor, nn

from examples.models.common import SamePad2d, initialise

INPUT_NAME = "mfcc"
INPUT_SHAPE = (1, 1, 49, 10)
MACS = 2_656_768


def conv_bn_relu(conv: nn.Conv2d) -> nn.Sequential:
    return nn.Sequential(conv, nn.BatchNorm2d(conv.out_channels), nn.ReLU())


class SeparableBlock(nn.Module):
    """Depthwise 3x3, then pointwise, each with batch norm and ReLU."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.depthwise = conv_bn_relu(nn.Conv2d(channels, channels, 3, padding=1, groups=channels, bias=False))
        self.pointwise = conv_bn_relu(nn.Conv2d(channels, channels, 1, bias=False))

    def forward(self, x: Tensor) -> Tensor:
        return self.pointwise(self.depthwise(x))


class DsCnn(nn.Module):
    def __init__(self, channels: int = 64, blocks: int = 4, classes: int = 12) -> None:
        super().__init__()
        self.pad = SamePad2d((49, 10), (10, 4), (2, 2))
        self.stem = conv_bn_relu(nn.Conv2d(1, channels, (10, 4), stride=2, bias=False))
        self.dropout = nn.Dropout(0.2)
        self.blocks = nn.Sequential(*(SeparableBlock(channels) for _ in range(blocks)))
        self.pool = nn.AvgPool2d((25, 5))
        self.classifier = nn.Linear(channels, classes)
        self.softmax = nn.Softmax(dim=1)

    def forward(self, mfcc: Tensor) -> Tensor:
        x = self.dropout(self.stem(self.pad(mfcc)))
        x = self.pool(self.dropout(self.blocks(x)))
        return self.softmax(self.classifier(x.flatten(1)))


def build(seed: int = 0) -> nn.Module:
    return initialise(DsCnn(), seed)


def calibration(samples: int, seed: int = 1) -> np.ndarray:
    """MFCC-like features: decaying energy over coefficients, drift over time; float32 (samples, 1, 49, 10)."""
    rng = np.random.default_rng(seed)
    decay = np.exp(-np.arange(10) / 4.0)
    noise = rng.standard_normal((samples, 1, 49, 10)) * decay
    drift = np.cumsum(rng.standard_normal((samples, 1, 49, 1)), axis=2) / 7.0
    return (noise + drift * decay).astype(np.float32)
