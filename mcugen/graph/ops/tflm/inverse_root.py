"""One over the square root of int16."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from mcugen.graph.arithmetic import multiply_by_quantized_multiplier, quantize_multiplier
from mcugen.graph.fixed_point import inverse_square_root
from mcugen.graph.ops.base import Operator
from mcugen.graph.ops.checks import require, require_activations, require_arity, require_shape
from mcugen.graph.tensor import IntArray, Tensor

FRACTION_BITS = 20
"""Of the inverse root of the integer."""


@dataclass(frozen=True, kw_only=True)
class InverseRoot(Operator):
    """LiteRT RSQRT of int16; 0 gives the largest integer. Of int8 it is a table.

    Source: TFLM `RsqrtEvalQuantized`: the inverse root of the integer with 20 fractional bits, requantized. Its release
    takes the root of the scale in double precision, though the text names float32: with that, one result in 20,000 is
    a step off. Negative inputs, an error there while it runs, give what 0 gives.
    """

    kind: ClassVar[str] = "inverse_root"
    pointwise: ClassVar[bool] = True

    def requantization(self, inputs: Sequence[Tensor], outputs: Sequence[Tensor]) -> tuple[int, int]:
        """(multiplier, shift) behind the inverse root with its fractional bits."""
        multiplier, shift = quantize_multiplier(1.0 / (math.sqrt(inputs[0].scale) * outputs[0].scale))
        return multiplier, shift - FRACTION_BITS

    def validate(self, inputs: Sequence[Tensor], outputs: Sequence[Tensor]) -> None:
        require_arity(self, inputs, outputs, 1, 1)
        x, out = inputs[0], outputs[0]
        require_activations(self, x, out)
        require(x.dtype == "int16", self, f"takes int16, not {x.dtype}: functions of int8 are tables")
        require_shape(self, out, x.shape)
        _, shift = self.requantization(inputs, outputs)
        require(-31 <= shift <= 10, self, f"scales {x.scale:g} and {out.scale:g} are too far apart")

    def reference(
        self, inputs: Sequence[IntArray], tensors_in: Sequence[Tensor], tensors_out: Sequence[Tensor]
    ) -> list[IntArray]:
        scaling, most = self.requantization(tensors_in, tensors_out), tensors_out[0].integer_range[1]

        def result(value: int) -> int:
            if value <= 0:
                return most
            multiplier, shift = inverse_square_root(value)
            root = multiply_by_quantized_multiplier(1, multiplier, shift + FRACTION_BITS)
            return min(int(multiply_by_quantized_multiplier(root, *scaling)), most)

        different, places = np.unique(inputs[0], return_inverse=True)
        found = np.array([result(int(v)) for v in different], np.int16)
        return [found[places].reshape(inputs[0].shape)]
