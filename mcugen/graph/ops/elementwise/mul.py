"""Product of two tensors, element by element."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from mcugen.graph.arithmetic import multiply_by_quantized_multiplier, quantize_saturating_multiplier
from mcugen.graph.ops.base import Operator
from mcugen.graph.ops.elementwise.binary import require_elementwise
from mcugen.graph.tensor import DTYPES, IntArray, Tensor


@dataclass(frozen=True, kw_only=True)
class Mul(Operator):
    """LiteRT MUL of two tensors, int8 or int16 as the output, that broadcast; either may be a constant.

    Attributes:
        clamp: lowest and highest output integer (fused activation).
    """

    kind: ClassVar[str] = "mul"
    pointwise: ClassVar[bool] = True
    clamp: tuple[int, int] = (-128, 127)

    def requantization(self, inputs: Sequence[Tensor], outputs: Sequence[Tensor]) -> tuple[int, int]:
        """(multiplier, shift) of scale1 * scale2 / output scale in double, as in TFLM `CalculateOpDataMul`.

        The desktop LiteRT interpreter computes this ratio in float32; its results may differ by one step.
        """
        return quantize_saturating_multiplier(inputs[0].scale * inputs[1].scale / outputs[0].scale, outputs[0].bits)

    def validate(self, inputs: Sequence[Tensor], outputs: Sequence[Tensor]) -> None:
        require_elementwise(self, inputs, outputs, self.clamp)

    def reference(
        self, inputs: Sequence[IntArray], tensors_in: Sequence[Tensor], tensors_out: Sequence[Tensor]
    ) -> list[IntArray]:
        first = inputs[0].astype(np.int64) - tensors_in[0].zero_point
        second = inputs[1].astype(np.int64) - tensors_in[1].zero_point
        scaled = multiply_by_quantized_multiplier(first * second, *self.requantization(tensors_in, tensors_out))
        return [np.clip(scaled + tensors_out[0].zero_point, *self.clamp).astype(DTYPES[tensors_out[0].dtype])]
