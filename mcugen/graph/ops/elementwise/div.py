"""Quotient of two tensors, element by element."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

import numpy as np
import numpy.typing as npt

from mcugen.graph.arithmetic import SATURATES_INT8, quantize_multiplier, rounding_divide_by_pot
from mcugen.graph.ops.base import Operator
from mcugen.graph.ops.elementwise.binary import require_elementwise
from mcugen.graph.tensor import IntArray, Tensor

FRACTIONAL_BITS = 14
"""Of the reciprocals: 255 * 256 * 2**14 fits 32 bits."""

_MOST_RATIO = float(1 << 30)
"""Output steps for the least quotient of int16, 1 / 32768, are then as many as saturate."""


@dataclass(frozen=True, kw_only=True)
class Div(Operator):
    """Quotient of two tensors, int8 or int16 as the output, that broadcast: within 0.51 output steps of the exact one.

    A divisor of 0 is the smallest positive number: the result saturates, and 0 / 0 is 0.

    Of int8, a table has the reciprocals. Of int16, with |divisor| = q / 2**n, q in [2**30, 2**31):

        part = round(numerator * floor(2**61 / q) / 2**16)
        output = round(part * multiplier * 2**(n + shift - 76))

    with the Q31 multiplier and the shift of numerator scale / divisor scale / output scale; roundings to nearest, ties
    up.
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

    def ratio(self, inputs: Sequence[Tensor], outputs: Sequence[Tensor]) -> tuple[int, int]:
        """(multiplier, shift) of numerator scale / divisor scale / output scale, of int16."""
        return quantize_multiplier(min(inputs[0].scale / inputs[1].scale / outputs[0].scale, _MOST_RATIO))

    def validate(self, inputs: Sequence[Tensor], outputs: Sequence[Tensor]) -> None:
        require_elementwise(self, inputs, outputs, outputs[0].integer_range)

    def reference(
        self, inputs: Sequence[IntArray], tensors_in: Sequence[Tensor], tensors_out: Sequence[Tensor]
    ) -> list[IntArray]:
        numerator = inputs[0].astype(np.int64) - tensors_in[0].zero_point
        if tensors_out[0].dtype == "int16":
            return [_wide_quotient(numerator, inputs[1].astype(np.int64), *self.ratio(tensors_in, tensors_out))]
        reciprocal = self.reciprocals(tensors_in, tensors_out)[inputs[1].astype(np.int64) + 128]
        value = rounding_divide_by_pot(numerator * reciprocal, FRACTIONAL_BITS)
        return [np.clip(value + tensors_out[0].zero_point, -128, 127).astype(np.int8)]


def _wide_quotient(
    numerator: npt.NDArray[np.int64], divisor: npt.NDArray[np.int64], multiplier: int, shift: int
) -> IntArray:
    """See `Div`."""
    numerator, divisor = np.broadcast_arrays(numerator, divisor)
    magnitude = np.maximum(np.abs(divisor), 1)
    n = 31 - np.frexp(magnitude.astype(np.float64))[1].astype(np.int64)
    inverse = (np.int64(1) << 61) // (magnitude << n)
    part = (np.where(divisor < 0, -numerator, numerator) * inverse + (1 << 15)) >> 16
    right = np.minimum(76 - n - shift, 62)
    scaled = (part * multiplier + (np.int64(1) << (right - 1))) >> right
    scaled = np.where(divisor == 0, np.sign(numerator) << 16, scaled)
    return np.clip(scaled, -32768, 32767).astype(np.int16)
