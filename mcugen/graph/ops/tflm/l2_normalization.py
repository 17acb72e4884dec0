"""Rows divided by their Euclidean norm."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from mcugen.graph.arithmetic import INT32_MAX, multiply_by_quantized_multiplier
from mcugen.graph.fixed_point import inverse_square_root
from mcugen.graph.ops.base import Operator
from mcugen.graph.ops.checks import largest_activation, require, require_arity, require_int8, require_shape
from mcugen.graph.tensor import IntArray, Quantization, Tensor

OUTPUT_BITS = 7
"""Fractional bits of the output."""


@dataclass(frozen=True, kw_only=True)
class L2Normalization(Operator):
    """LiteRT L2_NORMALIZATION over the last axis; output scale 1/128, zero point 0.

    Source: TFLM `reference_integer_ops::L2Normalization`: the sum of squares is exact in 32 bits, its inverse square
    root (`inverse_square_root`) is the multiplier of the row. Of a row of zeros all is 0.
    """

    kind: ClassVar[str] = "l2_normalization"

    def validate(self, inputs: Sequence[Tensor], outputs: Sequence[Tensor]) -> None:
        require_arity(self, inputs, outputs, 1, 1)
        x, out = inputs[0], outputs[0]
        require_int8(self, x, out)
        require_shape(self, out, x.shape)
        require(len(x.shape) > 0 and x.elements > 0, self, f"the input has shape {x.shape}")
        known = out.quantization == Quantization.per_tensor(2.0**-OUTPUT_BITS, 0)
        require(known, self, f"output scale {out.scale}, zero point {out.zero_point}; must be 1/128, 0")
        bound = largest_activation(x) ** 2 * x.shape[-1]
        require(bound <= INT32_MAX, self, f"the squares of {x.shape[-1]} elements can exceed 32 bits")

    def reference(
        self, inputs: Sequence[IntArray], tensors_in: Sequence[Tensor], tensors_out: Sequence[Tensor]
    ) -> list[IntArray]:
        rows = (inputs[0].astype(np.int64) - tensors_in[0].zero_point).reshape(-1, tensors_in[0].shape[-1])
        result = np.empty(rows.shape, np.int8)
        for row, values in enumerate(rows):
            multiplier, shift = inverse_square_root(int((values**2).sum()))
            value = multiply_by_quantized_multiplier(values, multiplier, shift + OUTPUT_BITS)
            result[row] = np.clip(value, -128, 127)
        return [result.reshape(tensors_out[0].shape)]
