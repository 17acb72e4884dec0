"""Comparison of two tensors of real numbers."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import ClassVar

import numpy as np

from mcugen.graph.arithmetic import multiply_by_quantized_multiplier, quantize_multiplier
from mcugen.graph.ops.base import Operator
from mcugen.graph.ops.checks import (
    require,
    require_arity,
    require_real,
    require_same_quantization,
    require_shape,
)
from mcugen.graph.ops.elementwise.binary import broadcast_shape
from mcugen.graph.ops.elementwise.integer import COMPARISONS, OPERATIONS
from mcugen.graph.tensor import IntArray, Quantization, Tensor


@dataclass(frozen=True, kw_only=True)
class Compare(Operator):
    """bool of two tensors, int8 or int16, that broadcast; real values are compared exactly, whatever their scales.

    Attributes:
        operation: one of `COMPARISONS`.
        rounding: "none"; or "tflm": int8 is first multiplied by its scale and rounded to 1/256, int16 has one scale.
    """

    kind: ClassVar[str] = "compare"
    pointwise: ClassVar[bool] = True
    operation: str
    rounding: str = "none"

    def ranks(self, inputs: Sequence[Tensor]) -> tuple[IntArray, IntArray]:
        """For the integers -128 ... 127 of each input, places of their values among all."""
        first, second = (t.quantization for t in inputs)
        assert first is not None and second is not None
        return (tflm_ranks if self.rounding == "tflm" else ranks)(first, second)

    def weights(self, inputs: Sequence[Tensor]) -> tuple[int, int]:
        """Of int16: what integers less their zero points are multiplied with to be compared, below 2**44.

        They are the scales as float32 numbers, by a common power of two. Where one is so much larger that any integer
        but 0 of it is beyond all of the other, it has no more bits than that takes.
        """
        (first, low), (second, high) = (_binary(np.float32(t.scale)) for t in inputs)
        apart = int(np.clip(low - high, -_FAR, _FAR))
        return first << max(apart, 0), second << max(-apart, 0)

    def validate(self, inputs: Sequence[Tensor], outputs: Sequence[Tensor]) -> None:
        require(self.operation in COMPARISONS, self, f"unknown comparison {self.operation!r}")
        require(self.rounding in ("none", "tflm"), self, f"unknown rounding {self.rounding!r}")
        require_arity(self, inputs, outputs, 2, 2)
        require_real(self, *inputs)
        if self.rounding == "tflm" and any(t.dtype == "int16" for t in inputs):
            require_same_quantization(self, *inputs)
        require(outputs[0].dtype == "bool", self, f"makes bool, not {outputs[0].dtype}")
        require_shape(self, outputs[0], broadcast_shape(self, inputs))

    def reference(
        self, inputs: Sequence[IntArray], tensors_in: Sequence[Tensor], tensors_out: Sequence[Tensor]
    ) -> list[IntArray]:
        if any(t.dtype == "int16" for t in tensors_in):
            x, y = (
                (v.astype(np.int64) - t.zero_point) * weight
                for v, t, weight in zip(inputs, tensors_in, self.weights(tensors_in), strict=True)
            )
            return [np.asarray(OPERATIONS[self.operation](x, y))]
        tables = self.ranks(tensors_in)
        first, second = (table[x.astype(np.int64) + 128] for table, x in zip(tables, inputs, strict=True))
        return [np.asarray(OPERATIONS[self.operation](first, second))]


_FAR = 20
"""Binary places between two 24-bit numbers from which on 1 of the one is more than 2**17 of the other."""


def _binary(scale: np.float32) -> tuple[int, int]:
    """(mantissa, exponent): the scale is mantissa * 2**exponent, the mantissa has 24 bits."""
    mantissa, exponent = np.frexp(np.float64(scale))
    return int(mantissa * (1 << 24)), int(exponent) - 24


def ranks(first: Quantization, second: Quantization) -> tuple[IntArray, IntArray]:
    """For the integers -128 ... 127 of each quantization, places of the real values among all; equal ones share one."""
    return _places([[Fraction(q.scale) * (i - q.zero_point) for i in range(-128, 128)] for q in (first, second)])


def tflm_ranks(first: Quantization, second: Quantization) -> tuple[IntArray, IntArray]:
    """As `ranks`, of what TFLM compares (`ComparisonWithScaling`): 8 more bits, times the scale, rounded."""
    steps = np.arange(-128, 128, dtype=np.int64)
    scaled = [
        multiply_by_quantized_multiplier((steps - q.zero_point) << 8, *quantize_multiplier(q.scale)).tolist()
        for q in (first, second)
    ]
    return _places(scaled)


def _places(real: Sequence[Sequence[Fraction]] | Sequence[Sequence[int]]) -> tuple[IntArray, IntArray]:
    place = {value: rank for rank, value in enumerate(sorted({*real[0], *real[1]}))}
    low, high = (np.array([place[value] for value in values], np.int16) for values in real)
    return low, high
