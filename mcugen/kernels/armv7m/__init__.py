"""Kernels for cores with Thumb-2 and without DSP instructions (Cortex-M3, Cortex-M33 without them)."""

from __future__ import annotations

from mcugen.kernels.armv7m.conv2d import Conv2dArmv7m, Conv2dDirectArmv7m
from mcugen.kernels.armv7m.depthwise_conv2d import DepthwiseConv2dArmv7m
from mcugen.kernels.armv7m.fully_connected import FullyConnectedArmv7m, FullyConnectedVectorArmv7m
from mcugen.kernels.base import Kernel

KERNELS: tuple[Kernel, ...] = (
    Conv2dArmv7m(),
    Conv2dDirectArmv7m(),
    DepthwiseConv2dArmv7m(),
    FullyConnectedArmv7m(),
    FullyConnectedVectorArmv7m(),
)

__all__ = [
    "KERNELS",
    "Conv2dArmv7m",
    "Conv2dDirectArmv7m",
    "DepthwiseConv2dArmv7m",
    "FullyConnectedArmv7m",
    "FullyConnectedVectorArmv7m",
]
