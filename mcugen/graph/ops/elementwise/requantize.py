"""Change of scale and zero point."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from mcugen.graph.arithmetic import multiply_by_quantized_multiplier, quantize_multiplier
from mcugen.graph.ops.base import Operator
from mcugen.graph.ops.checks import require, require_arity, require_clamp, require_quantized, require_shape
from mcugen.graph.tensor import DTYPES, IntArray, Tensor

TYPES = frozenset(
    {("int8", "int8"), ("int8", "int16"), ("int16", "int8"), ("int16", "int16"), ("int8", "int32"), ("int32", "int8")}
    | {("int16", "int32"), ("int32", "int16"), ("uint8", "int8"), ("int8", "uint8")}
)
"""(input, output); uint8 is a type of ports."""


@dataclass(frozen=True, kw_only=True)
class Requantize(Operator):
    """Changes scale and zero point, or the type (LiteRT QUANTIZE), then clamps. Types are those of TYPES.

    Attributes:
        clamp: lowest and highest output integer (fused activation).
    """

    kind: ClassVar[str] = "requantize"
    pointwise: ClassVar[bool] = True
    clamp: tuple[int, int] = (-128, 127)

    def requantization(self, inputs: Sequence[Tensor], outputs: Sequence[Tensor]) -> tuple[int, int]:
        """(multiplier, shift) of input scale / output scale (TFLM `PrepareQuantizeReference`).

        Where any integer but 0 saturates, it does so by the least multiplier for which that is so.
        """
        lowest, highest = outputs[0].integer_range
        return quantize_multiplier(min(inputs[0].scale / outputs[0].scale, highest - lowest + 1))

    def validate(self, inputs: Sequence[Tensor], outputs: Sequence[Tensor]) -> None:
        require_arity(self, inputs, outputs, 1, 1)
        types = inputs[0].dtype, outputs[0].dtype
        require(types in TYPES, self, f"takes no {types[0]} to {types[1]}")
        require_quantized(self, inputs[0], outputs[0])
        require_shape(self, outputs[0], inputs[0].shape)
        require_clamp(self, self.clamp, outputs[0])

    def reference(
        self, inputs: Sequence[IntArray], tensors_in: Sequence[Tensor], tensors_out: Sequence[Tensor]
    ) -> list[IntArray]:
        centred = inputs[0].astype(np.int64) - tensors_in[0].zero_point
        scaled = multiply_by_quantized_multiplier(centred, *self.requantization(tensors_in, tensors_out))
        return [np.clip(scaled + tensors_out[0].zero_point, *self.clamp).astype(DTYPES[tensors_out[0].dtype])]
