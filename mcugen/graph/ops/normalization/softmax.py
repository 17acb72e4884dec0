"""Softmax in TFLM's and CMSIS-NN's integer arithmetic."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

import numpy as np
import numpy.typing as npt

from mcugen.graph.arithmetic import quantize_multiplier, rounding_divide_by_pot, saturating_rounding_doubling_high_mul
from mcugen.graph.fixed_point import exp_on_negative_values, one_over_one_plus_x
from mcugen.graph.ops.base import Operator
from mcugen.graph.ops.checks import require, require_arity, require_int8, require_shape
from mcugen.graph.ops.normalization.wide_softmax import require_wide_softmax, wide_integer_softmax
from mcugen.graph.tensor import IntArray, Quantization, Tensor

_DIFFERENCE_INTEGER_BITS = 5
SUM_INTEGER_BITS = 12
SUM_FRACTION = 31 - SUM_INTEGER_BITS
SHARE_BITS = 8
"""Fractional bits of a share in LiteRT, whose output scale is 1/256."""
_MOST_SHARE_BITS = 20


@dataclass(frozen=True)
class SoftmaxParameters:
    """Integers of one softmax, as CMSIS-NN `arm_softmax_s8` takes them.

    Attributes:
        multiplier, left_shift: (x - max) * 2**left_shift * multiplier / 2**31 is beta * scale * (x - max) in Q5.26.
        diff_min: elements with x - max below this count as 0.
    """

    multiplier: int
    left_shift: int
    diff_min: int


def softmax_parameters(beta: float, scale: float) -> SoftmaxParameters:
    """The integers of the arithmetic (TFLM `PreprocessSoftmaxScaling`, `CalculateInputRadius`).

    TFLM wants beta * scale above 2**-26. Below, all exponentials are 1 - 2**-18 or more, and the least that it
    takes gives equal shares as well.
    """
    real = max(float(np.float32(beta)) * scale * (1 << (31 - _DIFFERENCE_INTEGER_BITS)), 1.0)
    # TFLM caps the ratio at 2**31 - 1, a shift of 31. The cap of `quantize_multiplier`, a shift of 30, gives the
    # same bits (every difference but 0 has an exponential below 2**-22) and stays clear of C's 1 << 31.
    multiplier, left_shift = quantize_multiplier(real)
    largest = ((1 << _DIFFERENCE_INTEGER_BITS) - 1) * (1 << (31 - _DIFFERENCE_INTEGER_BITS))
    return SoftmaxParameters(multiplier, left_shift, -math.floor(largest / (1 << left_shift)))


def require_softmax(op: Operator, x: Tensor, out: Tensor, beta: float) -> None:
    """The rules of every softmax over the last axis."""
    require_int8(op, x, out)
    require_shape(op, out, x.shape)
    depth = x.shape[-1] if x.shape else 0
    # The sum of exponentials has 12 integer bits.
    limit = 1 << SUM_INTEGER_BITS
    require(0 < depth < limit, op, f"the last axis has {depth} elements, must be 1 to {limit - 1}")
    known = out.quantization in SHARES
    require(known, op, f"output scale {out.scale}, zero point {out.zero_point}; must be 1/256 (or 1/512 ...), -128")
    require(0 < beta < math.inf, op, f"beta is {beta}, must be positive and finite")


SHARES = tuple(Quantization.per_tensor(2.0**-bits, -128) for bits in range(SHARE_BITS, _MOST_SHARE_BITS + 1))
"""The quantizations that shares can have."""


def share_bits(out: Tensor) -> int:
    """Fractional bits of a softmax's output."""
    return -math.frexp(out.scale)[1] + 1


def covering_shares(largest: float) -> Quantization:
    """The finest of `SHARES` that holds shares up to the largest, in (0, 1]."""
    return min((q for q in SHARES if largest <= 256 * q.scale), key=lambda q: q.scale)


def exponentials_of(difference: npt.NDArray[np.int64], p: SoftmaxParameters) -> npt.NDArray[np.int64]:
    """exp(beta * scale * difference) in Q0.31; difference in diff_min ... 0."""
    return exp_on_negative_values(saturating_rounding_doubling_high_mul(difference << p.left_shift, p.multiplier))


def integer_softmax(
    x: npt.NDArray[np.int64], takes_part: npt.NDArray[np.bool_], p: SoftmaxParameters, bits: int
) -> IntArray:
    """int8 shares, scale 2**-bits, zero point -128, of the last axis' elements that take part; 0 for others."""
    return np.clip(integer_shares(x, takes_part, p, bits) - 128, -128, 127).astype(np.int8)


def integer_shares(
    x: npt.NDArray[np.int64], takes_part: npt.NDArray[np.bool_], p: SoftmaxParameters, bits: int
) -> npt.NDArray[np.int64]:
    """Shares with so many fractional bits of the last axis' elements that take part; 0 for others."""
    largest = np.where(takes_part, x, -128).max(axis=-1, keepdims=True)
    difference = x - largest
    counts = takes_part & (difference >= p.diff_min)
    exponentials = exponentials_of(np.where(counts, difference, 0), p)
    terms = np.where(counts, rounding_divide_by_pot(exponentials, SUM_INTEGER_BITS), 0)
    # Where nothing takes part, any sum will do.
    total = np.maximum(terms.sum(axis=-1, keepdims=True), 1)
    # frexp's exponent is the bit length; the sum is normalised to [1, 2) in Q0.31 offset by one.
    headroom = 32 - np.frexp(total.astype(np.float64))[1].astype(np.int64)
    reciprocal = one_over_one_plus_x((total << headroom) - (1 << 31))
    exponent = SUM_INTEGER_BITS - headroom + 31 - bits
    share = rounding_divide_by_pot(saturating_rounding_doubling_high_mul(reciprocal, exponentials), exponent)
    return np.where(counts, share, 0)


@dataclass(frozen=True, kw_only=True)
class Softmax(Operator):
    """LiteRT SOFTMAX over the last axis; output scale 1/256, zero point -128. LiteRT has no finer powers of two.
    Of int16: output scale 2**-15; see `wide_softmax.py`.

    The arithmetic is that of TFLM `reference_ops::Softmax<int8_t, int8_t>` and CMSIS-NN `arm_softmax_s8`, which agree
    bit for bit. The desktop LiteRT interpreter uses a table of float exponentials instead; it differs by at most one
    output step.

    Attributes:
        beta: factor of the exponent, positive.
    """

    kind: ClassVar[str] = "softmax"
    beta: float = 1.0

    def parameters(self, inputs: Sequence[Tensor]) -> SoftmaxParameters:
        return softmax_parameters(self.beta, inputs[0].scale)

    def validate(self, inputs: Sequence[Tensor], outputs: Sequence[Tensor]) -> None:
        require_arity(self, inputs, outputs, 1, 1)
        require_rules = require_wide_softmax if inputs[0].dtype == "int16" else require_softmax
        require_rules(self, inputs[0], outputs[0], self.beta)

    def reference(
        self, inputs: Sequence[IntArray], tensors_in: Sequence[Tensor], tensors_out: Sequence[Tensor]
    ) -> list[IntArray]:
        x = inputs[0].astype(np.int64)
        if tensors_in[0].dtype == "int16":
            return [wide_integer_softmax(x, np.ones(x.shape, bool), self.beta, tensors_in[0].scale)]
        return [integer_softmax(x, np.ones(x.shape, bool), self.parameters(tensors_in), share_bits(tensors_out[0]))]
