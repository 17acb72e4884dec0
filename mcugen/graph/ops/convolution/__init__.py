"""Convolutions over NHWC."""

from __future__ import annotations

from mcugen.graph.ops.base import Operator
from mcugen.graph.ops.convolution.conv2d import Conv2d
from mcugen.graph.ops.convolution.depthwise_conv2d import DepthwiseConv2d
from mcugen.graph.ops.convolution.transposed_conv2d import TransposedConv2d

OPERATORS: tuple[type[Operator], ...] = (Conv2d, DepthwiseConv2d, TransposedConv2d)

__all__ = ["Conv2d", "DepthwiseConv2d", "TransposedConv2d"]
