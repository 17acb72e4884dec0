"""Convolutions over NHWC, on any CPU."""

from __future__ import annotations

from mcugen.kernels.base import Kernel
from mcugen.kernels.portable.convolution.conv2d import Conv2dDirectPortable, Conv2dPortable
from mcugen.kernels.portable.convolution.depthwise_conv2d import DepthwiseConv2dPortable
from mcugen.kernels.portable.convolution.transposed_conv2d import TransposedConv2dPortable

KERNELS: tuple[Kernel, ...] = (
    Conv2dDirectPortable(),
    Conv2dPortable(),
    DepthwiseConv2dPortable(),
    TransposedConv2dPortable(),
)
