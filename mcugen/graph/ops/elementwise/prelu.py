"""Parametric relu: slopes for negative inputs."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from mcugen.graph.arithmetic import multiply_by_quantized_multiplier, quantize_saturating_multiplier
from mcugen.graph.ops.base import Operator
from mcugen.graph.ops.checks import require_shape
from mcugen.graph.ops.elementwise.binary import require_elementwise
from mcugen.graph.tensor import DTYPES, IntArray, Tensor


@dataclass(frozen=True, kw_only=True)
class Prelu(Operator):
    """LiteRT PRELU: input 0 where it is not negative, else times input 1, which broadcasts to its shape.

    int8, or int16, which LiteRT does not have.
    """

    kind: ClassVar[str] = "prelu"
    pointwise: ClassVar[bool] = True

    def requantization(
        self, inputs: Sequence[Tensor], outputs: Sequence[Tensor]
    ) -> tuple[tuple[int, int], tuple[int, int]]:
        """(multiplier, shift) of positive inputs and of products (TFLM `PreluPrepare`)."""
        identity, bits = inputs[0].scale / outputs[0].scale, outputs[0].bits
        negative = quantize_saturating_multiplier(identity * inputs[1].scale, bits)
        return quantize_saturating_multiplier(identity, bits), negative

    def validate(self, inputs: Sequence[Tensor], outputs: Sequence[Tensor]) -> None:
        require_elementwise(self, inputs, outputs, outputs[0].integer_range)
        require_shape(self, outputs[0], inputs[0].shape)

    def reference(
        self, inputs: Sequence[IntArray], tensors_in: Sequence[Tensor], tensors_out: Sequence[Tensor]
    ) -> list[IntArray]:
        x = inputs[0].astype(np.int64) - tensors_in[0].zero_point
        slope = inputs[1].astype(np.int64) - tensors_in[1].zero_point
        positive, negative = self.requantization(tensors_in, tensors_out)
        value = np.where(
            x >= 0,
            multiply_by_quantized_multiplier(x, *positive),
            multiply_by_quantized_multiplier(x * slope, *negative),
        )
        out = tensors_out[0]
        return [np.clip(value + out.zero_point, *out.integer_range).astype(DTYPES[out.dtype])]
