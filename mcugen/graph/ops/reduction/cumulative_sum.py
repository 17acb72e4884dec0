"""Sums of all elements up to each one along an axis."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from mcugen.graph.arithmetic import INT32_MAX, multiply_by_quantized_multiplier, quantize_saturating_multiplier
from mcugen.graph.ops.base import Operator
from mcugen.graph.ops.checks import largest_activation, require, require_activations, require_arity, require_shape
from mcugen.graph.tensor import DTYPES, IntArray, Tensor


@dataclass(frozen=True, kw_only=True)
class CumulativeSum(Operator):
    """int8 or int16, with a quantization of its own; sums are exact, each is rounded once.

    Attributes:
        axis: not negative.
    """

    kind: ClassVar[str] = "cumulative_sum"
    axis: int

    def requantization(self, inputs: Sequence[Tensor], outputs: Sequence[Tensor]) -> tuple[int, int]:
        """(multiplier, shift) of input scale / output scale."""
        return quantize_saturating_multiplier(inputs[0].scale / outputs[0].scale, outputs[0].bits)

    def validate(self, inputs: Sequence[Tensor], outputs: Sequence[Tensor]) -> None:
        require_arity(self, inputs, outputs, 1, 1)
        require_activations(self, *inputs, *outputs)
        x = inputs[0]
        require_shape(self, outputs[0], x.shape)
        require(0 <= self.axis < len(x.shape), self, f"axis {self.axis} of an input with {len(x.shape)} axes")
        bound = largest_activation(x) * x.shape[self.axis]
        require(bound <= INT32_MAX, self, f"the sum of {x.shape[self.axis]} elements can exceed 32 bits")

    def reference(
        self, inputs: Sequence[IntArray], tensors_in: Sequence[Tensor], tensors_out: Sequence[Tensor]
    ) -> list[IntArray]:
        out = tensors_out[0]
        total = (inputs[0].astype(np.int64) - tensors_in[0].zero_point).cumsum(axis=self.axis)
        scaled = multiply_by_quantized_multiplier(total, *self.requantization(tensors_in, tensors_out))
        return [np.clip(scaled + out.zero_point, *out.integer_range).astype(DTYPES[out.dtype])]


@dataclass(frozen=True, kw_only=True)
class IntegerCumulativeSum(Operator):
    """Plain integers or booleans, summed in the output's type; sums wrap.

    Attributes:
        axis: not negative.
    """

    kind: ClassVar[str] = "integer_cumulative_sum"
    axis: int

    def validate(self, inputs: Sequence[Tensor], outputs: Sequence[Tensor]) -> None:
        require_arity(self, inputs, outputs, 1, 1)
        x, out = inputs[0], outputs[0]
        for t in (x, out):
            require(t.quantization is None, self, f"tensor {t.name!r} has a quantization")
        require(out.dtype != "bool", self, "makes integers, not bool")
        require_shape(self, out, x.shape)
        require(0 <= self.axis < len(x.shape), self, f"axis {self.axis} of an input with {len(x.shape)} axes")

    def reference(
        self, inputs: Sequence[IntArray], tensors_in: Sequence[Tensor], tensors_out: Sequence[Tensor]
    ) -> list[IntArray]:
        return [inputs[0].astype(np.int64).cumsum(axis=self.axis).astype(DTYPES[tensors_out[0].dtype])]
