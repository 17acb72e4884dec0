"""Sliding windows over NHWC: sizes, padding, and views for convolution and pooling."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view

from mcugen.graph.ops.base import Operator
from mcugen.graph.ops.checks import (
    require,
    require_activations,
    require_arity,
    require_clamp,
    require_nhwc,
    require_same_quantization,
    require_shape,
)
from mcugen.graph.tensor import IntArray, Tensor

Pair = tuple[int, int]
Padding = tuple[int, int, int, int]


def window_count(size: int, kernel: int, stride: int, dilation: int, before: int, after: int) -> int:
    """How many windows fit along one axis: floor((padded - dilated kernel) / stride) + 1; 0 when none fits."""
    span = (kernel - 1) * dilation + 1
    return max((size + before + after - span) // stride + 1, 0)


def output_size(x: Tensor, kernel: Pair, stride: Pair, dilation: Pair, padding: Padding) -> Pair:
    """(OH, OW) for NHWC input `x` and padding (top, left, bottom, right)."""
    top, left, bottom, right = padding
    return (
        window_count(x.shape[1], kernel[0], stride[0], dilation[0], top, bottom),
        window_count(x.shape[2], kernel[1], stride[1], dilation[1], left, right),
    )


def require_window(op: Operator, x: Tensor, kernel: Pair, stride: Pair, dilation: Pair, padding: Padding) -> None:
    """Positive kernel, stride and dilation, padding not negative, and at least one window."""
    require(min(kernel) > 0, op, f"kernel {kernel} must be positive")
    require(min(stride) > 0, op, f"stride {stride} must be positive")
    require(min(dilation) > 0, op, f"dilation {dilation} must be positive")
    require(min(padding) >= 0, op, f"padding {padding} must not be negative")
    fits = min(output_size(x, kernel, stride, dilation, padding)) > 0
    require(fits, op, f"kernel {kernel} with dilation {dilation} is larger than the padded input {x.shape}")


def pad_image(x: IntArray, padding: Padding, value: int) -> IntArray:
    """(N, H, W, C) with `value` around: (top, left, bottom, right)."""
    top, left, bottom, right = padding
    return np.pad(x, ((0, 0), (top, bottom), (left, right), (0, 0)), constant_values=value)


def window_view(padded: IntArray, kernel: Pair, stride: Pair, dilation: Pair = (1, 1)) -> IntArray:
    """A read-only view (N, OH, OW, C, KH, KW) of a padded (N, H, W, C) image."""
    span = ((kernel[0] - 1) * dilation[0] + 1, (kernel[1] - 1) * dilation[1] + 1)
    windows = sliding_window_view(padded, span, axis=(1, 2))
    return windows[:, :: stride[0], :: stride[1], :, :: dilation[0], :: dilation[1]]


def require_pool(
    op: Operator,
    inputs: Sequence[Tensor],
    outputs: Sequence[Tensor],
    kernel: Pair,
    stride: Pair,
    padding: Padding,
    clamp: Pair,
) -> None:
    """The rules of a pooling operator: one NHWC input, padding below the kernel's size, one quantization."""
    require_arity(op, inputs, outputs, 1, 1)
    x, out = inputs[0], outputs[0]
    require_activations(op, x, out)
    require_nhwc(op, x, out)
    require_window(op, x, kernel, stride, (1, 1), padding)
    vertical, horizontal = max(padding[0], padding[2]), max(padding[1], padding[3])
    inside = vertical < kernel[0] and horizontal < kernel[1]
    require(inside, op, f"padding {padding} must be smaller than the kernel {kernel}")
    size = output_size(x, kernel, stride, (1, 1), padding)
    require_shape(op, out, (x.shape[0], *size, x.shape[3]))
    require_same_quantization(op, x, out)
    require_clamp(op, clamp, out)
