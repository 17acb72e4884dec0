"""Products over axes."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from mcugen.graph.arithmetic import INT32_MAX
from mcugen.graph.ops.checks import require, require_arity, require_int8
from mcugen.graph.ops.reduction.base import Reduction
from mcugen.graph.ops.reduction.extremes import IntegerReduction
from mcugen.graph.tensor import IntArray, Tensor

_FRACTIONAL_BITS = 20
_MOST = 255


@dataclass(frozen=True, kw_only=True)
class Product(Reduction):
    """int8 with a quantization of its own: the sum of the logarithms of magnitudes, whatever their order, and a sign.

    Logarithms to base 2 have 20 fractional bits. The result's magnitude is the number of 255 thresholds that their sum
    reaches; an element that is zero makes it 0. Over n elements: within 0.500001 + n 2^-21 ln 2 m steps of the exact
    result, where m is the result in steps.
    """

    kind: ClassVar[str] = "product"

    def validate(self, inputs: Sequence[Tensor], outputs: Sequence[Tensor]) -> None:
        require_arity(self, inputs, outputs, 1, 1)
        require_int8(self, *inputs, *outputs)
        self.require_axes(inputs[0], outputs[0])
        count = self.count(inputs)
        require(count <= _MOST, self, f"the product of {count} elements, at most {_MOST} are possible")

    @staticmethod
    def logarithms(x: Tensor) -> IntArray:
        """Of the magnitudes of the inputs -128 ... 127; 0 for the zero point."""
        magnitudes = np.abs(np.arange(-128, 128) - x.zero_point)
        return np.rint(np.log2(np.maximum(magnitudes, 1)) * 2.0**_FRACTIONAL_BITS).astype(np.int32)

    def thresholds(self, inputs: Sequence[Tensor], outputs: Sequence[Tensor]) -> IntArray:
        """The sums from which on the magnitude is 1, 2, ... 255 steps, ties away from zero; ascending int32."""
        unit = self.count(inputs) * math.log2(inputs[0].scale) - math.log2(outputs[0].scale)
        sums = (np.log2(np.arange(1, 256) - 0.5) - unit) * 2.0**_FRACTIONAL_BITS
        # The last bits of float64 arithmetic decide nothing.
        sums = np.ceil(np.rint(sums * 1024.0) / 1024.0)
        return np.asarray(np.clip(sums, -INT32_MAX, INT32_MAX), np.int32)

    def reference(
        self, inputs: Sequence[IntArray], tensors_in: Sequence[Tensor], tensors_out: Sequence[Tensor]
    ) -> list[IntArray]:
        x, (given,), (out,) = inputs[0].astype(np.int64), tensors_in, tensors_out
        sums = self.logarithms(given).astype(np.int64)[x + 128].sum(axis=self.axes)
        steps = np.searchsorted(self.thresholds(tensors_in, tensors_out).astype(np.int64), sums, side="right")
        steps = np.where((x == given.zero_point).any(axis=self.axes), 0, steps)
        negative = (x < given.zero_point).sum(axis=self.axes) % 2 == 1
        result = np.where(negative, -steps, steps) + out.zero_point
        return [np.asarray(np.clip(result, *out.integer_range), np.int8).reshape(out.shape)]


@dataclass(frozen=True, kw_only=True)
class IntegerProduct(IntegerReduction):
    """Product of plain integers or booleans, in the output's type; it wraps."""

    kind: ClassVar[str] = "integer_product"
    COMBINE: ClassVar[np.ufunc] = np.multiply
