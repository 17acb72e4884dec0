"""Norms, variance and deviation over axes: a monotone function of an exact sum."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import ClassVar

import numpy as np
import numpy.typing as npt

from mcugen.graph.arithmetic import INT32_MAX
from mcugen.graph.ops.checks import require, require_arity, require_int8
from mcugen.graph.ops.reduction.base import Reduction
from mcugen.graph.tensor import IntArray, Quantization, Tensor

Float64Array = npt.NDArray[np.float64]
_FRACTIONAL_BITS = 20


@dataclass(frozen=True, kw_only=True)
class Moment(Reduction):
    """How many thresholds a sum over the axes reaches, less 128.

    Attributes:
        values: what the inputs -128 ... 127 add to the sum, not negative.
        centered: of squares around the mean: the sum is (count * sum of values - (sum of elements)**2) >> shift.
        shift: see above.
        thresholds: 255, ascending.
    """

    kind: ClassVar[str] = "moment"
    values: tuple[int, ...]
    thresholds: tuple[int, ...]
    centered: bool = False
    shift: int = 0

    def validate(self, inputs: Sequence[Tensor], outputs: Sequence[Tensor]) -> None:
        require_arity(self, inputs, outputs, 1, 1)
        require_int8(self, *inputs, *outputs)
        self.require_axes(inputs[0], outputs[0])
        require(len(self.values) == 256 and min(self.values) >= 0, self, "its values must be 256, not negative")
        ascending = list(self.thresholds) == sorted(self.thresholds)
        require(len(self.thresholds) == 255 and ascending, self, "its thresholds must be 255, ascending")
        count = self.count(inputs)
        require(count * max(self.values) < INT32_MAX, self, f"the sum of {count} elements can exceed 32 bits")
        if self.centered:
            largest = count * count * max(self.values) >> self.shift
            require(largest < INT32_MAX, self, f"the variance of {count} elements can exceed 32 bits")

    def reference(
        self, inputs: Sequence[IntArray], tensors_in: Sequence[Tensor], tensors_out: Sequence[Tensor]
    ) -> list[IntArray]:
        x = inputs[0].astype(np.int64)
        total = np.array(self.values, np.int64)[x + 128].sum(axis=self.axes)
        if self.centered:
            total = (self.count(tensors_in) * total - x.sum(axis=self.axes) ** 2) >> self.shift
        reached = np.searchsorted(np.array(self.thresholds, np.int64), total, side="right")
        return [np.asarray(reached - 128, np.int8).reshape(tensors_out[0].shape)]


def thresholds(function: Callable[[Float64Array], Float64Array], out: Quantization) -> tuple[int, ...]:
    """`Moment.thresholds`: from which sums on the rounded result is -127, -126, ... 127.

    Args:
        function: real result of a sum, not decreasing, float64.
        out: the result's quantization; results are rounded to nearest, ties away from zero, and saturate.
    """

    def rounded(sums: IntArray) -> Float64Array:
        steps = np.clip(function(sums.astype(np.float64)) / out.scale, -1024.0, 1024.0)
        steps = np.rint(steps * 2.0**_FRACTIONAL_BITS) / 2.0**_FRACTIONAL_BITS
        result: Float64Array = np.trunc(steps + np.copysign(0.5, steps)) + out.zero_point
        return result

    wanted = np.arange(-127, 128)
    low, high = np.zeros(255, np.int64), np.full(255, INT32_MAX, np.int64)
    while (low < high).any():
        middle = (low + high) // 2
        reaches = rounded(middle) >= wanted
        high = np.where(reaches, middle, high)
        low = np.where(reaches, low, np.minimum(middle + 1, high))
    return tuple(int(v) for v in low)
