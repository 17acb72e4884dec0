"""Kernels for cores with the 16-bit instruction set alone: Armv6-M (Cortex-M0, M0+) and Armv8-M baseline (M23)."""

from __future__ import annotations

from mcugen.kernels.armv6m.conv2d import Conv2dArmv6m, Conv2dDirectArmv6m
from mcugen.kernels.armv6m.depthwise_conv2d import DepthwiseConv2dArmv6m
from mcugen.kernels.armv6m.fully_connected import FullyConnectedArmv6m, FullyConnectedVectorArmv6m
from mcugen.kernels.base import Kernel

KERNELS: tuple[Kernel, ...] = (
    Conv2dArmv6m(),
    Conv2dDirectArmv6m(),
    DepthwiseConv2dArmv6m(),
    FullyConnectedArmv6m(),
    FullyConnectedVectorArmv6m(),
)

__all__ = [
    "KERNELS",
    "Conv2dArmv6m",
    "Conv2dDirectArmv6m",
    "DepthwiseConv2dArmv6m",
    "FullyConnectedArmv6m",
    "FullyConnectedVectorArmv6m",
]
