"""Square of the difference of two tensors."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from mcugen.graph.arithmetic import (
    multiply_by_quantized_multiplier,
    quantize_multiplier,
    quantize_saturating_multiplier,
)
from mcugen.graph.ops.base import Operator
from mcugen.graph.ops.elementwise.binary import require_elementwise
from mcugen.graph.ops.elementwise.table import ELEMENTS
from mcugen.graph.tensor import DTYPES, IntArray, Tensor

_LEFT_SHIFT = {"int8": 7, "int16": 0}
"""(255 * 2**7)**2 fits 32 bits."""


@dataclass(frozen=True, kw_only=True)
class SquaredDifference(Operator):
    """LiteRT SQUARED_DIFFERENCE of two int8 or two int16 tensors that broadcast; either may be a constant.

    Source: TFLM `SquaredDifferencePrepare`: both inputs, int8 with 7 more bits, are brought to twice the larger scale;
    the square of their difference is exact in 32 bits and requantized once.
    """

    kind: ClassVar[str] = "squared_difference"
    pointwise: ClassVar[bool] = True

    def scaling(self, inputs: Sequence[Tensor]) -> tuple[tuple[int, int], tuple[int, int]]:
        """(multiplier, shift) of each input to the common scale."""
        common = 2.0 * max(t.scale for t in inputs)
        return quantize_multiplier(inputs[0].scale / common), quantize_multiplier(inputs[1].scale / common)

    def scaled(self, inputs: Sequence[Tensor]) -> tuple[IntArray, IntArray]:
        """The integers -128 ... 127 of each input on the common scale, int32."""
        first, second = self._on_common_scale([ELEMENTS, ELEMENTS], inputs)
        return first.astype(np.int32), second.astype(np.int32)

    def _on_common_scale(self, values: Sequence[IntArray], inputs: Sequence[Tensor]) -> list[IntArray]:
        shifted = [
            (v.astype(np.int64) - t.zero_point) << _LEFT_SHIFT[t.dtype] for v, t in zip(values, inputs, strict=True)
        ]
        return [multiply_by_quantized_multiplier(v, *s) for v, s in zip(shifted, self.scaling(inputs), strict=True)]

    def requantization(self, inputs: Sequence[Tensor], outputs: Sequence[Tensor]) -> tuple[int, int]:
        """(multiplier, shift) of the square."""
        common = 2.0 * max(t.scale for t in inputs)
        real = common * common / ((1 << 2 * _LEFT_SHIFT[inputs[0].dtype]) * outputs[0].scale)
        return quantize_saturating_multiplier(real, outputs[0].bits)

    def validate(self, inputs: Sequence[Tensor], outputs: Sequence[Tensor]) -> None:
        require_elementwise(self, inputs, outputs, outputs[0].integer_range)

    def reference(
        self, inputs: Sequence[IntArray], tensors_in: Sequence[Tensor], tensors_out: Sequence[Tensor]
    ) -> list[IntArray]:
        first, second = self._on_common_scale(inputs, tensors_in)
        square = (first - second) ** 2
        value = multiply_by_quantized_multiplier(square, *self.requantization(tensors_in, tensors_out))
        out = tensors_out[0]
        return [np.clip(value + out.zero_point, *out.integer_range).astype(DTYPES[out.dtype])]
