"""MobileNetV1, width 0.25, for visual wake words (MLPerf Tiny VWW): 96x96 RGB, 2 classes, 7,489,664 MACs.

Howard et al., "MobileNets", arXiv:1704.04861. Padding as TensorFlow's SAME.
"""

from __future__ import annotations

import numpy as np
from torch import Tensor, nn

from examples.models.common import SamePad2d, initialise

INPUT_NAME = "image"
INPUT_SHAPE = (1, 3, 96, 96)
MACS = 7_489_664

# (output channels, stride) of the depthwise-separable blocks, at width 0.25.
BLOCKS = ((16, 1), (32, 2), (32, 1), (64, 2), (64, 1), (128, 2), *(((128, 1),) * 5), (256, 2), (256, 1))


def conv_bn_relu(size: int, inputs: int, outputs: int, kernel: int, stride: int, groups: int = 1) -> nn.Sequential:
    layers: list[nn.Module] = []
    if kernel > 1:
        layers.append(SamePad2d((size, size), (kernel, kernel), (stride, stride)))
    layers += [
        nn.Conv2d(inputs, outputs, kernel, stride=stride, groups=groups, bias=False),
        nn.BatchNorm2d(outputs),
        nn.ReLU(),
    ]
    return nn.Sequential(*layers)


class MobileNetV1(nn.Module):
    def __init__(self, classes: int = 2) -> None:
        super().__init__()
        size, channels = 48, 8
        self.stem = conv_bn_relu(96, 3, channels, 3, 2)
        blocks = []
        for outputs, stride in BLOCKS:
            blocks.append(conv_bn_relu(size, channels, channels, 3, stride, groups=channels))
            size //= stride
            blocks.append(conv_bn_relu(size, channels, outputs, 1, 1))
            channels = outputs
        self.blocks = nn.Sequential(*blocks)
        self.pool = nn.AvgPool2d(size)
        self.classifier = nn.Linear(channels, classes)
        self.softmax = nn.Softmax(dim=1)

    def forward(self, image: Tensor) -> Tensor:
        x = self.pool(self.blocks(self.stem(image)))
        return self.softmax(self.classifier(x.flatten(1)))


def build(seed: int = 0) -> nn.Module:
    return initialise(MobileNetV1(), seed)


def calibration(samples: int, seed: int = 1) -> np.ndarray:
    """Smooth random images in [0, 1]; float32 (samples, 3, 96, 96)."""
    rng = np.random.default_rng(seed)
    coarse = rng.random((samples, 3, 12, 12))
    return (0.85 * coarse.repeat(8, axis=2).repeat(8, axis=3) + 0.15 * rng.random((samples, 3, 96, 96))).astype(
        np.float32
    )
