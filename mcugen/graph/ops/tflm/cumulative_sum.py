"""Sums of all elements up to each one along an axis, with 19 fractional bits."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from mcugen.graph.arithmetic import INT32_MAX, INT32_MIN, multiply_by_quantized_multiplier, quantize_multiplier
from mcugen.graph.ops.base import Operator
from mcugen.graph.ops.checks import largest_activation, require, require_arity, require_int8, require_shape
from mcugen.graph.tensor import IntArray, Tensor

SUM_SHIFT = 19
"""Fractional bits of the sums."""


@dataclass(frozen=True, kw_only=True)
class TflmCumulativeSum(Operator):
    """LiteRT CUMSUM, neither exclusive nor reversed; the last sums are ADD_N's.

    Source: TFLM `CumSum`, `AddN`: inputs have 20 fractional bits and are halved, exactly; each sum is requantized. Sums
    start at the negated zero point of the input, where 0 was meant. A sum beyond 4096 input steps, which wraps around
    in TFLM, saturates.

    Attributes:
        axis: not negative.
    """

    kind: ClassVar[str] = "tflm_cumulative_sum"
    axis: int

    def requantization(self, inputs: Sequence[Tensor], outputs: Sequence[Tensor]) -> tuple[int, int]:
        """(multiplier, shift) of a sum with its fractional bits; the shift is not positive."""
        return quantize_multiplier(2.0 * inputs[0].scale / ((1 << (SUM_SHIFT + 1)) * outputs[0].scale))

    def validate(self, inputs: Sequence[Tensor], outputs: Sequence[Tensor]) -> None:
        require_arity(self, inputs, outputs, 1, 1)
        require_int8(self, *inputs, *outputs)
        x = inputs[0]
        require_shape(self, outputs[0], x.shape)
        require(0 <= self.axis < len(x.shape), self, f"axis {self.axis} of an input with {len(x.shape)} axes")
        bound = largest_activation(x) * (x.shape[self.axis] + 1)
        require(bound <= INT32_MAX, self, f"the sum of {x.shape[self.axis]} elements can exceed 32 bits")
        _, shift = self.requantization(inputs, outputs)
        require(shift <= 0, self, f"the output scale {outputs[0].scale:g} is too fine for the input's")

    def reference(
        self, inputs: Sequence[IntArray], tensors_in: Sequence[Tensor], tensors_out: Sequence[Tensor]
    ) -> list[IntArray]:
        zero_point = tensors_in[0].zero_point
        total = (inputs[0].astype(np.int64) - zero_point).cumsum(axis=self.axis) - zero_point
        return [self.requantized(total, tensors_in, tensors_out)]

    def requantized(self, total: IntArray, inputs: Sequence[Tensor], outputs: Sequence[Tensor]) -> IntArray:
        """Sums of input steps as outputs."""
        shifted = np.clip(total << SUM_SHIFT, INT32_MIN, INT32_MAX)
        scaled = multiply_by_quantized_multiplier(shifted, *self.requantization(inputs, outputs))
        return np.clip(scaled + outputs[0].zero_point, *outputs[0].integer_range).astype(np.int8)
