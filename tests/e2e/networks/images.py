"""Networks of images: segmentation, and detection at two scales."""

from __future__ import annotations

import torch
from torch import Tensor, nn


def block(inputs: int, outputs: int, stride: int = 1) -> nn.Sequential:
    return nn.Sequential(
        nn.Conv2d(inputs, outputs, 3, stride, 1, bias=False), nn.BatchNorm2d(outputs), nn.ReLU(inplace=True)
    )


class UNet(nn.Module):
    """Down twice by pooling, up twice by transposed convolutions, with concatenated skips; 4 classes for each pixel."""

    shapes = ((1, 3, 32, 32),)

    def __init__(self) -> None:
        super().__init__()
        self.down = nn.ModuleList([block(3, 8), block(8, 16)])
        self.bottom = block(16, 32)
        self.up = nn.ModuleList([nn.ConvTranspose2d(32, 16, 2, stride=2), nn.ConvTranspose2d(16, 8, 2, stride=2)])
        self.merge = nn.ModuleList([block(32, 16), block(16, 8)])
        self.pool, self.classify = nn.MaxPool2d(2), nn.Conv2d(8, 4, 1)

    def forward(self, x: Tensor) -> Tensor:
        skips = []
        for down in self.down:
            x = down(x)
            skips.append(x)
            x = self.pool(x)
        x = self.bottom(x)
        for up, merge, skip in zip(self.up, self.merge, reversed(skips), strict=True):
            x = merge(torch.cat([skip, up(x)], 1))
        return self.classify(x)


class Detector(nn.Module):
    """A backbone and a YOLO-like head: the coarse map is upsampled and joined to the finer one; an output for each."""

    shapes = ((1, 3, 48, 48),)
    anchors, classes = 2, 3

    def __init__(self) -> None:
        super().__init__()
        self.fine = nn.Sequential(block(3, 8, 2), block(8, 16, 2))
        self.coarse = nn.Sequential(block(16, 32, 2), nn.Conv2d(32, 32, 1), nn.SiLU())
        self.reduce, self.upsample = nn.Conv2d(32, 16, 1), nn.Upsample(scale_factor=2)
        self.merge = nn.Sequential(block(32, 24), nn.Conv2d(24, 24, 3, padding=1, groups=24), nn.SiLU())
        channels = self.anchors * (5 + self.classes)
        self.heads = nn.ModuleList([nn.Conv2d(32, channels, 1), nn.Conv2d(24, channels, 1)])

    def forward(self, x: Tensor) -> tuple[Tensor, Tensor]:
        fine = self.fine(x)
        coarse = self.coarse(fine)
        merged = self.merge(torch.cat([self.upsample(self.reduce(coarse)), fine], 1))
        return self.heads[0](coarse), self.heads[1](merged)
