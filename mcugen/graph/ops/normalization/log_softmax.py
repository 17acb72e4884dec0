"""The logarithm of softmax."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

import numpy as np
import numpy.typing as npt

from mcugen.graph.arithmetic import rounding_divide_by_pot
from mcugen.graph.ops.base import Operator
from mcugen.graph.ops.checks import require, require_activations, require_arity, require_shape
from mcugen.graph.ops.normalization.softmax import (
    SUM_FRACTION,
    SUM_INTEGER_BITS,
    SoftmaxParameters,
    exponentials_of,
    softmax_parameters,
)
from mcugen.graph.tensor import DTYPES, IntArray, Tensor

LOG_FRACTION = 16
"""Fractional bits of the logarithm of the sum, to base 2."""

RESULT_FRACTION = 20
"""Fractional bits of an output before it is rounded."""


@dataclass(frozen=True, kw_only=True)
class LogSoftmax(Operator):
    """x - log(sum(exp(x))) over the last axis, int8 or int16, for any output quantization.

    The sum of exponentials is that of `Softmax`, its logarithm to base 2 has 16 fractional bits (`log2`). Output =
    clamp(zero point + round((x - max) * slope / 2**20 - logarithm * unit / 2**36)), rounded once, to nearest, ties up.
    """

    kind: ClassVar[str] = "log_softmax"

    def parameters(self, inputs: Sequence[Tensor]) -> SoftmaxParameters:
        return softmax_parameters(1.0, inputs[0].scale)

    def factors(self, inputs: Sequence[Tensor], outputs: Sequence[Tensor]) -> tuple[int, int]:
        """(slope, unit): a step of the input, and log(2), in output steps, with 20 fractional bits.

        A slope of 256 or more saturates int8, one of 65536 int16. Units above 2**18, of int16 2**23, are of outputs so
        fine that all but the logarithms of very few elements saturate.
        """
        out, bits = outputs[0].scale, outputs[0].bits
        most_unit = 2.0**18 if bits == 8 else 2.0**23
        slope, unit = min(inputs[0].scale / out, 2.0**bits), min(math.log(2) / out, most_unit)
        return round(slope * 2**RESULT_FRACTION), round(unit * 2**RESULT_FRACTION)

    def validate(self, inputs: Sequence[Tensor], outputs: Sequence[Tensor]) -> None:
        require_arity(self, inputs, outputs, 1, 1)
        require_activations(self, inputs[0], outputs[0])
        require_shape(self, outputs[0], inputs[0].shape)
        depth, limit = inputs[0].shape[-1] if inputs[0].shape else 0, 1 << SUM_INTEGER_BITS
        require(0 < depth < limit, self, f"the last axis has {depth} elements, must be 1 to {limit - 1}")

    def reference(
        self, inputs: Sequence[IntArray], tensors_in: Sequence[Tensor], tensors_out: Sequence[Tensor]
    ) -> list[IntArray]:
        p, (slope, unit) = self.parameters(tensors_in), self.factors(tensors_in, tensors_out)
        x = inputs[0].astype(np.int64)
        difference = x - x.max(axis=-1, keepdims=True)
        counts = difference >= p.diff_min
        exponentials = exponentials_of(np.where(counts, difference, 0), p)
        terms = np.where(counts, rounding_divide_by_pot(exponentials, SUM_INTEGER_BITS), 0)
        logarithm = log2(terms.sum(axis=-1, keepdims=True))
        real = difference * slope - ((logarithm * unit) >> LOG_FRACTION)
        steps = (real + (1 << (RESULT_FRACTION - 1))) >> RESULT_FRACTION
        out = tensors_out[0]
        return [np.clip(steps + out.zero_point, *out.integer_range).astype(DTYPES[out.dtype])]


def log2(total: npt.NDArray[np.int64]) -> npt.NDArray[np.int64]:
    """log2 of sums in Q12.19 that are at least about 1, with 16 fractional bits; 0 below 1.

    One bit after the other, by squaring a mantissa of 31 bits.
    """
    exponent = np.frexp(total.astype(np.float64))[1].astype(np.int64) - 1
    mantissa = total << (30 - exponent)
    result = (exponent - SUM_FRACTION) << LOG_FRACTION
    for bit in reversed(range(LOG_FRACTION)):
        mantissa = (mantissa * mantissa) >> 30
        above = mantissa >= 1 << 31
        result = result + np.where(above, 1 << bit, 0)
        mantissa = np.where(above, mantissa >> 1, mantissa)
    logarithm: npt.NDArray[np.int64] = np.maximum(result, 0)
    return logarithm
