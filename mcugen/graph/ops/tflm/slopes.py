"""Functions of int16 with one slope for negative and one for other inputs."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from mcugen.graph.arithmetic import multiply_by_quantized_multiplier, quantize_multiplier
from mcugen.graph.ops.base import Operator
from mcugen.graph.ops.checks import require, require_activations, require_arity, require_clamp, require_shape
from mcugen.graph.tensor import IntArray, Tensor


@dataclass(frozen=True, kw_only=True)
class Slopes(Operator):
    """LiteRT ABS, LEAKY_RELU, NEG and RELU of int16: the input times a slope by its sign, limited. Of int8 they are
    tables.

    Source: TFLM `AbsEvalQuantized`, `QuantizeLeakyRelu`, `ReluQuantized`: the magnitude of a slope is a multiplier of
    31 bits, rounded twice; a negative slope negates the result.

    Attributes:
        negative, other: output integers for each input integer.
        magnitude: negative inputs are negated before they are scaled.
        clamp: lowest and highest output integer.
    """

    kind: ClassVar[str] = "slopes"
    pointwise: ClassVar[bool] = True
    negative: float
    other: float
    magnitude: bool = False
    clamp: tuple[int, int] = (-32768, 32767)

    def multipliers(self) -> tuple[tuple[int, int, int], tuple[int, int, int]]:
        """(sign of the result, multiplier, shift) of either slope."""
        below, above = ((-1 if s < 0 else 1, *quantize_multiplier(abs(s))) for s in (self.negative, self.other))
        return below, above

    def validate(self, inputs: Sequence[Tensor], outputs: Sequence[Tensor]) -> None:
        require_arity(self, inputs, outputs, 1, 1)
        x, out = inputs[0], outputs[0]
        require_activations(self, x, out)
        require(x.dtype == "int16", self, f"takes int16, not {x.dtype}: functions of int8 are tables")
        require_shape(self, out, x.shape)
        require_clamp(self, self.clamp, out)
        for slope in (self.negative, self.other):
            require(math.isfinite(slope), self, f"has the slope {slope}")

    def reference(
        self, inputs: Sequence[IntArray], tensors_in: Sequence[Tensor], tensors_out: Sequence[Tensor]
    ) -> list[IntArray]:
        x = inputs[0].astype(np.int64)
        given = np.abs(x) if self.magnitude else x
        below, above = (
            sign * multiply_by_quantized_multiplier(given, m, shift) for sign, m, shift in self.multipliers()
        )
        return [np.clip(np.where(x < 0, below, above), *self.clamp).astype(np.int16)]
