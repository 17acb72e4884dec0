"""Quotient of two tensors by a reciprocal of 31 bits."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from mcugen.graph.arithmetic import (
    INT32_MAX,
    multiply_by_quantized_multiplier,
    quantize_multiplier,
    saturating_rounding_doubling_high_mul,
)
from mcugen.graph.fixed_point import one_over_one_plus_x
from mcugen.graph.ops.base import Operator
from mcugen.graph.ops.elementwise.binary import require_elementwise
from mcugen.graph.ops.elementwise.table import ELEMENTS
from mcugen.graph.tensor import IntArray, Tensor


@dataclass(frozen=True, kw_only=True)
class TflmDiv(Operator):
    """LiteRT DIV of two int8 tensors that broadcast; either may be a constant.

    Source: TFLM `DivElementwise`: the numerator, normalised, times a reciprocal in Q0.31, then times the multiplier of
    the scales, whose quotient is computed in float32; each is rounded. A numerator of 0 makes TFLM shift by more than
    31 bits, and gives 1 output step. What it leaves undefined: other results that need such a shift are rounded to
    nearest; a divisor of 0 is the smallest positive number, so that the result saturates, and 0 / 0 is 0.
    """

    kind: ClassVar[str] = "tflm_div"
    pointwise: ClassVar[bool] = True

    def multiplier(self, inputs: Sequence[Tensor], outputs: Sequence[Tensor]) -> tuple[int, int]:
        """(multiplier, shift) of the scales."""
        first, second, out = (np.float32(t.scale) for t in (*inputs, *outputs))
        with np.errstate(over="ignore", under="ignore"):
            real = float(first / (second * out))
        return quantize_multiplier(min(real, float(INT32_MAX)))

    def reciprocals(self, divisor: Tensor) -> tuple[IntArray, IntArray]:
        """For the divisors -128 ... 127: the reciprocal in Q0.31 with the divisor's sign, and its shift to the right.

        Both int32; 0 for a divisor of 0.
        """
        steps = ELEMENTS.astype(np.int64) - divisor.zero_point
        magnitude = np.maximum(np.abs(steps), 1)
        bits = np.frexp(magnitude.astype(np.float64))[1].astype(np.int64)
        inverse = one_over_one_plus_x((magnitude << (32 - bits)) - (1 << 31))
        return (np.sign(steps) * inverse).astype(np.int32), (bits - 1).astype(np.int32)

    def validate(self, inputs: Sequence[Tensor], outputs: Sequence[Tensor]) -> None:
        require_elementwise(self, inputs, outputs, (-128, 127))

    def reference(
        self, inputs: Sequence[IntArray], tensors_in: Sequence[Tensor], tensors_out: Sequence[Tensor]
    ) -> list[IntArray]:
        inverses, bits = (t.astype(np.int64)[inputs[1].astype(np.int64) + 128] for t in self.reciprocals(tensors_in[1]))
        numerator = (inputs[0].astype(np.int64) - tensors_in[0].zero_point) * np.where(inverses < 0, -1, 1)
        headroom = 31 - _magnitude_bits(numerator)
        quotient = saturating_rounding_doubling_high_mul(numerator << headroom, np.abs(inverses))
        multiplier, shift = self.multiplier(tensors_in, tensors_out)
        total = np.clip(shift - bits - headroom, -31, 30)
        value = multiply_by_quantized_multiplier(quotient, multiplier, total)
        value = np.where((numerator == 0) & (shift < bits), 1, value)
        value = np.where(inverses == 0, np.sign(numerator) * 256, value)
        return [np.clip(value + tensors_out[0].zero_point, -128, 127).astype(np.int8)]


def _magnitude_bits(x: IntArray) -> IntArray:
    """Bits that two's complement needs beside the sign."""
    wide = np.where(x < 0, ~x, x)
    return np.asarray(np.where(wide == 0, 0, np.frexp(wide.astype(np.float64))[1]), np.int64)
