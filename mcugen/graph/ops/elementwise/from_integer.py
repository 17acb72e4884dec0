"""Plain integers and booleans as quantized values."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from mcugen.graph.arithmetic import (
    INT32_MAX,
    INT32_MIN,
    multiply_by_quantized_multiplier,
    quantize_int8_multiplier,
)
from mcugen.graph.ops.base import Operator
from mcugen.graph.ops.checks import require, require_arity, require_int8, require_shape
from mcugen.graph.tensor import IntArray, Tensor


@dataclass(frozen=True, kw_only=True)
class FromInteger(Operator):
    """int8 with a scale, of plain integers or booleans of any shape; beyond 32 bits they saturate."""

    kind: ClassVar[str] = "from_integer"
    pointwise: ClassVar[bool] = True

    def requantization(self, outputs: Sequence[Tensor]) -> tuple[int, int]:
        """(multiplier, shift) of 1 / output scale."""
        return quantize_int8_multiplier(1.0 / outputs[0].scale)

    def validate(self, inputs: Sequence[Tensor], outputs: Sequence[Tensor]) -> None:
        require_arity(self, inputs, outputs, 1, 1)
        require(inputs[0].quantization is None, self, f"tensor {inputs[0].name!r} has a quantization")
        require_int8(self, outputs[0])
        require_shape(self, outputs[0], inputs[0].shape)

    def reference(
        self, inputs: Sequence[IntArray], tensors_in: Sequence[Tensor], tensors_out: Sequence[Tensor]
    ) -> list[IntArray]:
        out = tensors_out[0]
        x = np.clip(inputs[0].astype(np.int64), INT32_MIN, INT32_MAX)
        value = multiply_by_quantized_multiplier(x, *self.requantization(tensors_out)) + out.zero_point
        return [np.clip(value, *out.integer_range).astype(np.int8)]
