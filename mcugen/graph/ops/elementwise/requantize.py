"""Change of scale and zero point."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from mcugen.graph.arithmetic import multiply_by_quantized_multiplier, quantize_int8_multiplier
from mcugen.graph.ops.base import Operator
from mcugen.graph.ops.checks import require_arity, require_clamp, require_int8, require_shape
from mcugen.graph.tensor import IntArray, Tensor


@dataclass(frozen=True, kw_only=True)
class Requantize(Operator):
    """Changes scale and zero point (LiteRT QUANTIZE int8 to int8), then clamps.

    Attributes:
        clamp: lowest and highest output integer (fused activation).
    """

    kind: ClassVar[str] = "requantize"
    pointwise: ClassVar[bool] = True
    clamp: tuple[int, int] = (-128, 127)

    def requantization(self, inputs: Sequence[Tensor], outputs: Sequence[Tensor]) -> tuple[int, int]:
        """(multiplier, shift) of input scale / output scale (TFLM `PrepareQuantizeReference`)."""
        return quantize_int8_multiplier(inputs[0].scale / outputs[0].scale)

    def validate(self, inputs: Sequence[Tensor], outputs: Sequence[Tensor]) -> None:
        require_arity(self, inputs, outputs, 1, 1)
        require_int8(self, inputs[0], outputs[0])
        require_shape(self, outputs[0], inputs[0].shape)
        require_clamp(self, self.clamp, outputs[0])

    def reference(
        self, inputs: Sequence[IntArray], tensors_in: Sequence[Tensor], tensors_out: Sequence[Tensor]
    ) -> list[IntArray]:
        centred = inputs[0].astype(np.int64) - tensors_in[0].zero_point
        scaled = multiply_by_quantized_multiplier(centred, *self.requantization(tensors_in, tensors_out))
        return [np.clip(scaled + tensors_out[0].zero_point, *self.clamp).astype(np.int8)]
