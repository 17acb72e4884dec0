"""Depthwise convolution over NHWC: every input channel has its own kernels."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from mcugen.graph.ops.accumulator import Int64Array, accumulator_ranges, require_no_overflow
from mcugen.graph.ops.base import Operator
from mcugen.graph.ops.checks import (
    require,
    require_arity,
    require_clamp,
    require_int8,
    require_nhwc,
    require_shape,
    require_weights,
)
from mcugen.graph.ops.weighted import Int32Array, channel_requantization, finish_accumulator
from mcugen.graph.ops.windows import output_size, pad_image, require_window, window_view
from mcugen.graph.tensor import IntArray, Tensor


@dataclass(frozen=True, kw_only=True)
class DepthwiseConv2d(Operator):
    """LiteRT DEPTHWISE_CONV_2D.

    Inputs: activations (N, H, W, C); weights (1, KH, KW, C * channel multiplier), symmetric, per channel (axis 3) or
    per tensor; optionally bias (C * channel multiplier,) int32. Output (N, OH, OW, C * channel multiplier).
    Output channel c * multiplier + m reads input channel c. Attributes as `Conv2d`.
    """

    kind: ClassVar[str] = "depthwise_conv2d"
    stride: tuple[int, int] = (1, 1)
    padding: tuple[int, int, int, int] = (0, 0, 0, 0)
    dilation: tuple[int, int] = (1, 1)
    clamp: tuple[int, int] = (-128, 127)

    def channel_multiplier(self, inputs: Sequence[Tensor]) -> int:
        """Output channels for each input channel."""
        return inputs[1].shape[3] // inputs[0].shape[3]

    def requantization(self, inputs: Sequence[Tensor], outputs: Sequence[Tensor]) -> tuple[Int32Array, Int32Array]:
        """(multipliers, shifts) per output channel, int32 of shape (O,); see `channel_requantization`."""
        return channel_requantization(inputs[0], inputs[1], outputs[0], inputs[1].shape[3])

    def accumulator_ranges(self, inputs: Sequence[Tensor]) -> tuple[Int64Array, Int64Array]:
        """(lowest, highest) accumulator of each output channel over all possible activations."""
        return accumulator_ranges(inputs[0], inputs[1], inputs[2] if len(inputs) > 2 else None, axis=3)

    def validate(self, inputs: Sequence[Tensor], outputs: Sequence[Tensor]) -> None:
        require_arity(self, inputs, outputs, 2, 3)
        x, weights, out = inputs[0], inputs[1], outputs[0]
        require_int8(self, x, out)
        require_nhwc(self, x, weights, out)
        require_weights(self, weights, inputs[2] if len(inputs) > 2 else None, axis=3)
        require(weights.shape[3] % x.shape[3] == 0, self, f"{x.shape[3]} channels, weights for {weights.shape[3]}")
        kernel = (weights.shape[1], weights.shape[2])
        require_window(self, x, kernel, self.stride, self.dilation, self.padding)
        size = output_size(x, kernel, self.stride, self.dilation, self.padding)
        require(weights.shape[0] == 1, self, f"weights have shape {weights.shape}, must be (1, KH, KW, O)")
        require_shape(self, out, (x.shape[0], *size, weights.shape[3]))
        require_clamp(self, self.clamp, out)
        require_no_overflow(self, self.accumulator_ranges(inputs))

    def reference(
        self, inputs: Sequence[IntArray], tensors_in: Sequence[Tensor], tensors_out: Sequence[Tensor]
    ) -> list[IntArray]:
        x, out = tensors_in[0], tensors_out[0]
        _, kernel_h, kernel_w, channels = tensors_in[1].shape
        multiplier = self.channel_multiplier(tensors_in)
        image = pad_image(inputs[0].astype(np.int64) - x.zero_point, self.padding, 0)
        windows = window_view(image, (kernel_h, kernel_w), self.stride, self.dilation)
        weights = inputs[1].astype(np.int64).reshape(kernel_h, kernel_w, x.shape[3], multiplier)
        accumulator = np.zeros((*windows.shape[:4], multiplier), np.int64)
        for row in range(kernel_h):
            for column in range(kernel_w):
                accumulator += windows[..., row, column, None] * weights[row, column]
        accumulator = accumulator.reshape(*windows.shape[:3], channels)
        if len(inputs) > 2:
            accumulator += inputs[2]
        result = finish_accumulator(accumulator, self.requantization(tensors_in, tensors_out), out, self.clamp)
        return [result.reshape(out.shape)]

    def macs(self, inputs: Sequence[Tensor], outputs: Sequence[Tensor]) -> int:
        return outputs[0].elements * inputs[1].shape[1] * inputs[1].shape[2]
