"""Softmax in TFLM's and CMSIS-NN's integer arithmetic."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from mcugen.graph.arithmetic import quantize_multiplier, rounding_divide_by_pot, saturating_rounding_doubling_high_mul
from mcugen.graph.fixed_point import exp_on_negative_values, one_over_one_plus_x
from mcugen.graph.ops.base import Operator
from mcugen.graph.ops.checks import require, require_arity, require_int8, require_shape
from mcugen.graph.tensor import IntArray, Tensor

_DIFFERENCE_INTEGER_BITS = 5
_ACCUMULATOR_INTEGER_BITS = 12


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


@dataclass(frozen=True, kw_only=True)
class Softmax(Operator):
    """LiteRT SOFTMAX over the last axis; output scale 1/256, zero point -128.

    The arithmetic is that of TFLM `reference_ops::Softmax<int8_t, int8_t>` and CMSIS-NN `arm_softmax_s8`, which agree
    bit for bit. The desktop LiteRT interpreter uses a table of float exponentials instead; it differs by at most one
    output step.

    Attributes:
        beta: factor of the exponent, positive.
    """

    kind: ClassVar[str] = "softmax"
    beta: float = 1.0

    def parameters(self, inputs: Sequence[Tensor]) -> SoftmaxParameters:
        """The integers of the arithmetic (TFLM `PreprocessSoftmaxScaling`, `CalculateInputRadius`).

        TFLM wants beta * scale above 2**-26. Below, all exponentials are 1 - 2**-18 or more, and the least that it
        takes gives equal shares as well.
        """
        real = max(float(np.float32(self.beta)) * inputs[0].scale * (1 << (31 - _DIFFERENCE_INTEGER_BITS)), 1.0)
        # TFLM caps the ratio at 2**31 - 1, a shift of 31. The cap of `quantize_multiplier`, a shift of 30, gives the
        # same bits (every difference but 0 has an exponential below 2**-22) and stays clear of C's 1 << 31.
        multiplier, left_shift = quantize_multiplier(real)
        largest = ((1 << _DIFFERENCE_INTEGER_BITS) - 1) * (1 << (31 - _DIFFERENCE_INTEGER_BITS))
        return SoftmaxParameters(multiplier, left_shift, -math.floor(largest / (1 << left_shift)))

    def validate(self, inputs: Sequence[Tensor], outputs: Sequence[Tensor]) -> None:
        require_arity(self, inputs, outputs, 1, 1)
        x, out = inputs[0], outputs[0]
        require_int8(self, x, out)
        require_shape(self, out, x.shape)
        depth = x.shape[-1] if x.shape else 0
        # The sum of exponentials has 12 integer bits.
        limit = 1 << _ACCUMULATOR_INTEGER_BITS
        require(0 < depth < limit, self, f"the last axis has {depth} elements, must be 1 to {limit - 1}")
        fixed = (out.scale, out.zero_point) == (1 / 256, -128)
        require(fixed, self, f"output scale {out.scale}, zero point {out.zero_point}; must be 1/256, -128")
        require(0 < self.beta < math.inf, self, f"beta is {self.beta}, must be positive and finite")

    def reference(
        self, inputs: Sequence[IntArray], tensors_in: Sequence[Tensor], tensors_out: Sequence[Tensor]
    ) -> list[IntArray]:
        p = self.parameters(tensors_in)
        x = inputs[0].astype(np.int64)
        difference = x - x.max(axis=-1, keepdims=True)
        counts = difference >= p.diff_min
        scaled = saturating_rounding_doubling_high_mul(np.where(counts, difference, 0) << p.left_shift, p.multiplier)
        exponentials = exp_on_negative_values(scaled)
        terms = np.where(counts, rounding_divide_by_pot(exponentials, _ACCUMULATOR_INTEGER_BITS), 0)
        total = terms.sum(axis=-1, keepdims=True)
        # frexp's exponent is the bit length; the sum is normalised to [1, 2) in Q0.31 offset by one.
        headroom = 32 - np.frexp(total.astype(np.float64))[1].astype(np.int64)
        reciprocal = one_over_one_plus_x((total << headroom) - (1 << 31))
        exponent = _ACCUMULATOR_INTEGER_BITS - headroom + 31 - 8
        share = rounding_divide_by_pot(saturating_rounding_doubling_high_mul(reciprocal, exponentials), exponent)
        result = np.where(counts, np.clip(share - 128, -128, 127), -128)
        return [result.astype(np.int8)]
