"""Transposed convolution over NHWC: every input position spreads its values over a window of the output."""

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
from mcugen.graph.tensor import IntArray, Tensor


@dataclass(frozen=True, kw_only=True)
class TransposedConv2d(Operator):
    """LiteRT TRANSPOSE_CONV, with groups and dilation besides.

    Inputs: activations (N, H, W, I); weights (O, KH, KW, I / groups), symmetric, per output channel (axis 0) or per
    tensor; optionally bias (O,) int32 with scale input x weight. Output (N, OH, OW, O): tap (ky, kx) of input position
    (y, x) goes to output position (y * stride - top + ky * dilation, ...), if there is one. The sums have one
    requantization at their end.

    Attributes:
        stride, dilation: (vertical, horizontal).
        padding: (top, left), what is cut off before the first output position; the output's size says what is cut
            off, or appended, behind the last.
        clamp: lowest and highest output integer (fused activation).
    """

    kind: ClassVar[str] = "transposed_conv2d"
    stride: tuple[int, int] = (1, 1)
    padding: tuple[int, int] = (0, 0)
    dilation: tuple[int, int] = (1, 1)
    clamp: tuple[int, int] = (-128, 127)

    def groups(self, inputs: Sequence[Tensor]) -> int:
        """Input channels over the weights' input channels."""
        return inputs[0].shape[3] // inputs[1].shape[3]

    def requantization(self, inputs: Sequence[Tensor], outputs: Sequence[Tensor]) -> tuple[Int32Array, Int32Array]:
        """(multipliers, shifts) per output channel, int32 of shape (O,); see `channel_requantization`."""
        return channel_requantization(inputs[0], inputs[1], outputs[0], inputs[1].shape[0])

    def accumulator_ranges(self, inputs: Sequence[Tensor]) -> tuple[Int64Array, Int64Array]:
        """Bounds of each output channel's accumulator: as if an output position could meet all taps."""
        return accumulator_ranges(inputs[0], inputs[1], inputs[2] if len(inputs) > 2 else None, axis=0)

    def full_size(self, inputs: Sequence[Tensor]) -> tuple[int, int]:
        """(height, width) of what the taps reach, before any padding is cut off."""
        x, weights = inputs[0], inputs[1]
        height, width = (
            (x.shape[1 + a] - 1) * self.stride[a] + (weights.shape[1 + a] - 1) * self.dilation[a] + 1 for a in (0, 1)
        )
        return height, width

    def validate(self, inputs: Sequence[Tensor], outputs: Sequence[Tensor]) -> None:
        require_arity(self, inputs, outputs, 2, 3)
        x, weights, out = inputs[0], inputs[1], outputs[0]
        require_int8(self, x, out)
        require_nhwc(self, x, out)
        require(len(weights.shape) == 4 and min(weights.shape) > 0, self, f"weights have shape {weights.shape}")
        require_weights(self, weights, inputs[2] if len(inputs) > 2 else None, axis=0)
        require(x.shape[3] % weights.shape[3] == 0, self, f"{x.shape[3]} channels, weights for {weights.shape[3]}")
        groups = self.groups(inputs)
        require(weights.shape[0] % groups == 0, self, f"{weights.shape[0]} output channels in {groups} groups")
        require(min(self.stride) > 0, self, f"stride {self.stride} must be positive")
        require(min(self.dilation) > 0, self, f"dilation {self.dilation} must be positive")
        require(min(self.padding) >= 0, self, f"padding {self.padding} must not be negative")
        require_shape(self, out, (x.shape[0], *out.shape[1:3], weights.shape[0]))
        require_clamp(self, self.clamp, out)
        require_no_overflow(self, self.accumulator_ranges(inputs))

    def reference(
        self, inputs: Sequence[IntArray], tensors_in: Sequence[Tensor], tensors_out: Sequence[Tensor]
    ) -> list[IntArray]:
        out = tensors_out[0]
        x, weights = inputs[0].astype(np.int64) - tensors_in[0].zero_point, inputs[1].astype(np.int64)
        n, height, width, _ = x.shape
        channels, kernel_h, kernel_w, depth = weights.shape
        groups = self.groups(tensors_in)
        x, weights = x.reshape(n, height, width, groups, depth), weights.reshape(groups, -1, kernel_h, kernel_w, depth)
        # Room for all that the taps reach, and for the output.
        size = [max(f, p + o) for f, p, o in zip(self.full_size(tensors_in), self.padding, out.shape[1:3], strict=True)]
        sums = np.zeros((n, *size, channels), np.int64)
        for ky in range(kernel_h):
            for kx in range(kernel_w):
                products = np.einsum("nhwgi,goi->nhwgo", x, weights[:, :, ky, kx]).reshape(n, height, width, channels)
                top, left = ky * self.dilation[0], kx * self.dilation[1]
                rows = slice(top, top + (height - 1) * self.stride[0] + 1, self.stride[0])
                columns = slice(left, left + (width - 1) * self.stride[1] + 1, self.stride[1])
                sums[:, rows, columns] += products
        top, left = self.padding
        accumulator = sums[:, top : top + out.shape[1], left : left + out.shape[2]]
        if len(inputs) > 2:
            accumulator = accumulator + inputs[2]
        result = finish_accumulator(accumulator, self.requantization(tensors_in, tensors_out), out, self.clamp)
        return [result.reshape(out.shape)]

    def macs(self, inputs: Sequence[Tensor], outputs: Sequence[Tensor]) -> int:
        """Every tap of every input position, also those that the padding cuts off."""
        x, weights = inputs[0], inputs[1]
        return x.elements // x.shape[3] * weights.elements
