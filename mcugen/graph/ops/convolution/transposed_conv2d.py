"""Transposed convolution over NHWC: every input position spreads its values over a window of the output."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from mcugen.graph.ops.checks import require, require_shape
from mcugen.graph.ops.convolution.base import GroupedConvolution
from mcugen.graph.ops.weighted import finish_accumulator
from mcugen.graph.tensor import IntArray, Tensor


@dataclass(frozen=True, kw_only=True)
class TransposedConv2d(GroupedConvolution):
    """LiteRT TRANSPOSE_CONV, with groups and dilation besides.

    Weights (O, KH, KW, I / groups), output channels on axis 0; see `Convolution`. Tap (ky, kx) of input position (y, x)
    goes to output position (y * stride - top + ky * dilation, ...), if there is one. The sums have one requantization
    at their end.

    Attributes:
        padding: (top, left), what is cut off before the first output position; the output's size says what is cut
            off, or appended, behind the last.
    """

    kind: ClassVar[str] = "transposed_conv2d"
    padding: tuple[int, int] = (0, 0)

    def full_size(self, inputs: Sequence[Tensor]) -> tuple[int, int]:
        """(height, width) of what the taps reach, before any padding is cut off."""
        x, weights = inputs[0], inputs[1]
        height, width = (
            (x.shape[1 + a] - 1) * self.stride[a] + (weights.shape[1 + a] - 1) * self.dilation[a] + 1 for a in (0, 1)
        )
        return height, width

    def validate(self, inputs: Sequence[Tensor], outputs: Sequence[Tensor]) -> None:
        self.require_operands(inputs, outputs)
        x, weights, out = inputs[0], inputs[1], outputs[0]
        require(min(self.stride) > 0, self, f"stride {self.stride} must be positive")
        require(min(self.dilation) > 0, self, f"dilation {self.dilation} must be positive")
        require(min(self.padding) >= 0, self, f"padding {self.padding} must not be negative")
        require_shape(self, out, (x.shape[0], *out.shape[1:3], weights.shape[0]))

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
        requantization = self.requantization(tensors_in, tensors_out)
        result = finish_accumulator(accumulator, requantization, tensors_in, out, self.clamp)
        return [result.reshape(out.shape)]

    def macs(self, inputs: Sequence[Tensor], outputs: Sequence[Tensor]) -> int:
        """Every tap of every input position, also those that the padding cuts off."""
        x, weights = inputs[0], inputs[1]
        return x.elements // x.shape[3] * weights.elements
