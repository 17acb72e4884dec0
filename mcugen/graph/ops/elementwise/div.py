"""Quotient of two tensors, element by element."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from mcugen.graph.arithmetic import SATURATES_INT8, rounding_divide_by_pot
from mcugen.graph.ops.base import Operator
from mcugen.graph.ops.elementwise.binary import require_elementwise
from mcugen.graph.tensor import IntArray, Tensor

FRACTIONAL_BITS = 14
"""Of the reciprocals: 255 * 256 * 2**14 fits 32 bits."""


@dataclass(frozen=True, kw_only=True)
class Div(Operator):
    """Quotient of two int8 tensors that broadcast: within 0.51 output steps of the exact one.

    A divisor of 0 is the smallest positive number: the result saturates, and 0 / 0 is 0.
    """

    kind: ClassVar[str] = "div"
    pointwise: ClassVar[bool] = True

    def reciprocals(self, inputs: Sequence[Tensor], outputs: Sequence[Tensor]) -> IntArray:
        """For the divisors -128 ... 127: output steps for a numerator of 1, with `FRACTIONAL_BITS`, saturated."""
        numerator, divisor = inputs
        steps = np.arange(-128, 128, dtype=np.float64) - divisor.zero_point
        ratio = numerator.scale / divisor.scale / outputs[0].scale
        exact = np.where(steps == 0, SATURATES_INT8, ratio / np.where(steps == 0, 1.0, steps))
        limited = np.clip(exact, -SATURATES_INT8, SATURATES_INT8)
        return np.rint(limited * 2.0**FRACTIONAL_BITS).astype(np.int32)

    def validate(self, inputs: Sequence[Tensor], outputs: Sequence[Tensor]) -> None:
        require_elementwise(self, inputs, outputs, (-128, 127))

    def reference(
        self, inputs: Sequence[IntArray], tensors_in: Sequence[Tensor], tensors_out: Sequence[Tensor]
    ) -> list[IntArray]:
        numerator = inputs[0].astype(np.int64) - tensors_in[0].zero_point
        reciprocal = self.reciprocals(tensors_in, tensors_out)[inputs[1].astype(np.int64) + 128]
        value = rounding_divide_by_pot(numerator * reciprocal, FRACTIONAL_BITS)
        return [np.clip(value + tensors_out[0].zero_point, -128, 127).astype(np.int8)]
