"""Convolutions over NHWC, on any CPU."""

from __future__ import annotations

from mcugen.kernels.base import Kernel
from mcugen.kernels.portable.convolution.conv2d import (
    Conv2dDirectPortable,
    Conv2dDirectS4Portable,
    Conv2dPortable,
    Conv2dS4Portable,
)
from mcugen.kernels.portable.convolution.conv2d_s16 import Conv2dDirectInt16Portable, Conv2dInt16Portable
from mcugen.kernels.portable.convolution.depthwise_conv2d import DepthwiseConv2dPortable, DepthwiseConv2dS4Portable
from mcugen.kernels.portable.convolution.depthwise_conv2d_s16 import DepthwiseConv2dInt16Portable
from mcugen.kernels.portable.convolution.transposed_conv2d import TransposedConv2dPortable, TransposedConv2dS4Portable
from mcugen.kernels.portable.convolution.transposed_conv2d_s16 import TransposedConv2dInt16Portable

KERNELS: tuple[Kernel, ...] = (
    Conv2dDirectInt16Portable(),
    Conv2dInt16Portable(),
    DepthwiseConv2dInt16Portable(),
    Conv2dDirectPortable(),
    Conv2dDirectS4Portable(),
    Conv2dPortable(),
    Conv2dS4Portable(),
    DepthwiseConv2dPortable(),
    DepthwiseConv2dS4Portable(),
    TransposedConv2dInt16Portable(),
    TransposedConv2dPortable(),
    TransposedConv2dS4Portable(),
)
