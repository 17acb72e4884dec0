"""Two-dimensional convolution over NHWC, int8 weights per output channel."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from mcugen.graph.ops.accumulator import Int64Array, accumulator_ranges, largest_magnitude, require_no_overflow
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
from mcugen.graph.ops.weighted import Int32Array, channel_requantization, exact_float, finish_accumulator
from mcugen.graph.ops.windows import output_size, pad_image, require_window, window_view
from mcugen.graph.tensor import IntArray, Tensor


@dataclass(frozen=True, kw_only=True)
class Conv2d(Operator):
    """LiteRT CONV_2D.

    Inputs: activations (N, H, W, I); weights (O, KH, KW, I / groups), symmetric, per output channel (axis 0) or per
    tensor; optionally bias (O,) int32 with scale input x weight. Output (N, OH, OW, O).

    Attributes:
        stride, dilation: (vertical, horizontal).
        padding: (top, left, bottom, right), filled with the input's zero point.
        clamp: lowest and highest output integer (fused activation).
    """

    kind: ClassVar[str] = "conv2d"
    stride: tuple[int, int] = (1, 1)
    padding: tuple[int, int, int, int] = (0, 0, 0, 0)
    dilation: tuple[int, int] = (1, 1)
    clamp: tuple[int, int] = (-128, 127)

    def groups(self, inputs: Sequence[Tensor]) -> int:
        """Input channels over the weights' input channels."""
        return inputs[0].shape[3] // inputs[1].shape[3]

    def requantization(self, inputs: Sequence[Tensor], outputs: Sequence[Tensor]) -> tuple[Int32Array, Int32Array]:
        """(multipliers, shifts) per output channel, int32 of shape (O,); see `channel_requantization`."""
        return channel_requantization(inputs[0], inputs[1], outputs[0], inputs[1].shape[0])

    def accumulator_ranges(self, inputs: Sequence[Tensor]) -> tuple[Int64Array, Int64Array]:
        """(lowest, highest) accumulator of each output channel over all possible activations."""
        return accumulator_ranges(inputs[0], inputs[1], inputs[2] if len(inputs) > 2 else None, axis=0)

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
        kernel = (weights.shape[1], weights.shape[2])
        require_window(self, x, kernel, self.stride, self.dilation, self.padding)
        size = output_size(x, kernel, self.stride, self.dilation, self.padding)
        require_shape(self, out, (x.shape[0], *size, weights.shape[0]))
        require_clamp(self, self.clamp, out)
        require_no_overflow(self, self.accumulator_ranges(inputs))

    def reference(
        self, inputs: Sequence[IntArray], tensors_in: Sequence[Tensor], tensors_out: Sequence[Tensor]
    ) -> list[IntArray]:
        x, weights, out = tensors_in[0], inputs[1], tensors_out[0]
        number = exact_float(largest_magnitude(accumulator_ranges(x, tensors_in[1], None, axis=0)))
        # The zero point is subtracted first, so the padding is zero.
        image = pad_image(inputs[0].astype(np.int32) - x.zero_point, self.padding, 0).astype(number)
        windows = window_view(image, (weights.shape[1], weights.shape[2]), self.stride, self.dilation)
        groups = self.groups(tensors_in)
        per_group = weights.shape[0] // groups
        parts = []
        for group in range(groups):
            channels = slice(group * weights.shape[3], (group + 1) * weights.shape[3])
            columns = windows[:, :, :, channels].transpose(0, 1, 2, 4, 5, 3).reshape(math.prod(windows.shape[:3]), -1)
            kernels = weights[group * per_group : (group + 1) * per_group].reshape(per_group, -1).astype(number)
            parts.append(columns @ kernels.T)
        accumulator = np.concatenate(parts, axis=1).astype(np.int64)
        if len(inputs) > 2:
            accumulator += inputs[2]
        result = finish_accumulator(accumulator, self.requantization(tensors_in, tensors_out), out, self.clamp)
        return [result.reshape(out.shape)]

    def macs(self, inputs: Sequence[Tensor], outputs: Sequence[Tensor]) -> int:
        weights = inputs[1]
        return outputs[0].elements * weights.shape[1] * weights.shape[2] * weights.shape[3]
