"""Depthwise convolution over NHWC: every input channel has its own kernels."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from mcugen.graph.ops.checks import require, require_shape
from mcugen.graph.ops.convolution.base import Convolution
from mcugen.graph.ops.weighted import finish_accumulator
from mcugen.graph.ops.windows import output_size, pad_image, require_window, window_view
from mcugen.graph.tensor import IntArray, Tensor


@dataclass(frozen=True, kw_only=True)
class DepthwiseConv2d(Convolution):
    """LiteRT DEPTHWISE_CONV_2D.

    Weights (1, KH, KW, C * channel multiplier), output channels on axis 3; see `Convolution`.
    Output channel c * multiplier + m reads input channel c. Padding as that of `Conv2d`.
    """

    kind: ClassVar[str] = "depthwise_conv2d"
    WEIGHT_AXIS: ClassVar[int] = 3
    padding: tuple[int, int, int, int] = (0, 0, 0, 0)

    def channel_multiplier(self, inputs: Sequence[Tensor]) -> int:
        """Output channels for each input channel."""
        return inputs[1].shape[3] // inputs[0].shape[3]

    def validate(self, inputs: Sequence[Tensor], outputs: Sequence[Tensor]) -> None:
        self.require_operands(inputs, outputs)
        x, weights = inputs[0], inputs[1]
        require(weights.shape[3] % x.shape[3] == 0, self, f"{x.shape[3]} channels, weights for {weights.shape[3]}")
        kernel = (weights.shape[1], weights.shape[2])
        require_window(self, x, kernel, self.stride, self.dilation, self.padding)
        size = output_size(x, kernel, self.stride, self.dilation, self.padding)
        require(weights.shape[0] == 1, self, f"weights have shape {weights.shape}, must be (1, KH, KW, O)")
        require_shape(self, outputs[0], (x.shape[0], *size, weights.shape[3]))

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
        requantization = self.requantization(tensors_in, tensors_out)
        result = finish_accumulator(accumulator, requantization, tensors_in, out, self.clamp)
        return [result.reshape(out.shape)]

    def macs(self, inputs: Sequence[Tensor], outputs: Sequence[Tensor]) -> int:
        return outputs[0].elements * inputs[1].shape[1] * inputs[1].shape[2]
