"""Two-dimensional convolution over NHWC, int8 or int4 weights per output channel."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from mcugen.graph.ops.accumulator import accumulator_ranges, largest_magnitude
from mcugen.graph.ops.checks import require_shape
from mcugen.graph.ops.convolution.base import GroupedConvolution
from mcugen.graph.ops.weighted import exact_float, finish_accumulator
from mcugen.graph.ops.windows import output_size, pad_image, require_window, window_view
from mcugen.graph.tensor import IntArray, Tensor


@dataclass(frozen=True, kw_only=True)
class Conv2d(GroupedConvolution):
    """LiteRT CONV_2D.

    Weights (O, KH, KW, I / groups), output channels on axis 0; see `Convolution`.

    Attributes:
        padding: (top, left, bottom, right), filled with the input's zero point.
    """

    kind: ClassVar[str] = "conv2d"
    padding: tuple[int, int, int, int] = (0, 0, 0, 0)

    def validate(self, inputs: Sequence[Tensor], outputs: Sequence[Tensor]) -> None:
        self.require_operands(inputs, outputs)
        x, weights = inputs[0], inputs[1]
        kernel = (weights.shape[1], weights.shape[2])
        require_window(self, x, kernel, self.stride, self.dilation, self.padding)
        size = output_size(x, kernel, self.stride, self.dilation, self.padding)
        require_shape(self, outputs[0], (x.shape[0], *size, weights.shape[0]))

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
        requantization = self.requantization(tensors_in, tensors_out)
        result = finish_accumulator(accumulator, requantization, tensors_in, out, self.clamp)
        return [result.reshape(out.shape)]

    def macs(self, inputs: Sequence[Tensor], outputs: Sequence[Tensor]) -> int:
        weights = inputs[1]
        return outputs[0].elements * weights.shape[1] * weights.shape[2] * weights.shape[3]
