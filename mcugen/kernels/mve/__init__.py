"""Kernels for cores with Helium, the vector extension of Armv8.1-M (Cortex-M52, M55, M85); integers suffice."""

from __future__ import annotations

from mcugen.kernels.base import Kernel
from mcugen.kernels.mve.conv2d import Conv2dMve
from mcugen.kernels.mve.conv2d_1x1 import Conv2d1x1Mve
from mcugen.kernels.mve.depthwise_conv2d import DepthwiseConv2dLittleScratchMve, DepthwiseConv2dMve
from mcugen.kernels.mve.fully_connected import FullyConnectedMve, FullyConnectedVectorMve

KERNELS: tuple[Kernel, ...] = (
    Conv2d1x1Mve(),
    Conv2dMve(),
    DepthwiseConv2dLittleScratchMve(),
    DepthwiseConv2dMve(),
    FullyConnectedMve(),
    FullyConnectedVectorMve(),
)

__all__ = [
    "KERNELS",
    "Conv2d1x1Mve",
    "Conv2dMve",
    "DepthwiseConv2dLittleScratchMve",
    "DepthwiseConv2dMve",
    "FullyConnectedMve",
    "FullyConnectedVectorMve",
]
