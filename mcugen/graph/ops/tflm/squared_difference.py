"""Square of the difference of two tensors."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from mcugen.graph.arithmetic import multiply_by_quantized_multiplier, quantize_int8_multiplier, quantize_multiplier
from mcugen.graph.ops.base import Operator
from mcugen.graph.ops.elementwise.binary import require_elementwise
from mcugen.graph.ops.elementwise.table import ELEMENTS
from mcugen.graph.tensor import IntArray, Tensor

_LEFT_SHIFT = 7
"""(255 * 2**7)**2 fits 32 bits."""


@dataclass(frozen=True, kw_only=True)
class SquaredDifference(Operator):
    """LiteRT SQUARED_DIFFERENCE of two int8 tensors that broadcast; either may be a constant.

    Source: TFLM `SquaredDifferencePrepare`: both inputs, with 7 more bits, are brought to twice the larger scale; the
    square of their difference is exact in 32 bits and requantized once.
    """

    kind: ClassVar[str] = "squared_difference"
    pointwise: ClassVar[bool] = True

    def scaled(self, inputs: Sequence[Tensor]) -> tuple[IntArray, IntArray]:
        """The integers -128 ... 127 of each input on the common scale, int32."""
        common = 2.0 * max(t.scale for t in inputs)
        tables = []
        for t in inputs:
            shifted = (ELEMENTS.astype(np.int64) - t.zero_point) << _LEFT_SHIFT
            scaled = multiply_by_quantized_multiplier(shifted, *quantize_multiplier(t.scale / common))
            tables.append(scaled.astype(np.int32))
        return tables[0], tables[1]

    def requantization(self, inputs: Sequence[Tensor], outputs: Sequence[Tensor]) -> tuple[int, int]:
        """(multiplier, shift) of the square."""
        common = 2.0 * max(t.scale for t in inputs)
        return quantize_int8_multiplier(common * common / ((1 << 2 * _LEFT_SHIFT) * outputs[0].scale))

    def validate(self, inputs: Sequence[Tensor], outputs: Sequence[Tensor]) -> None:
        require_elementwise(self, inputs, outputs, (-128, 127))

    def reference(
        self, inputs: Sequence[IntArray], tensors_in: Sequence[Tensor], tensors_out: Sequence[Tensor]
    ) -> list[IntArray]:
        tables = self.scaled(tensors_in)
        first, second = (t.astype(np.int64)[x.astype(np.int64) + 128] for t, x in zip(tables, inputs, strict=True))
        square = (first - second) ** 2
        value = multiply_by_quantized_multiplier(square, *self.requantization(tensors_in, tensors_out))
        return [np.clip(value + tensors_out[0].zero_point, -128, 127).astype(np.int8)]
