"""Mean and sum over axes, with the output's own quantization."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from mcugen.graph.arithmetic import (
    INT32_MAX,
    multiply_by_quantized_multiplier,
    quantize_multiplier,
    quantize_saturating_multiplier,
)
from mcugen.graph.ops.checks import largest_activation, require, require_activations, require_arity
from mcugen.graph.ops.reduction.base import Reduction
from mcugen.graph.tensor import DTYPES, IntArray, Tensor


@dataclass(frozen=True, kw_only=True)
class Total(Reduction):
    """A requantized sum of (x - zero point) over any axes, with the output's own quantization."""

    @abstractmethod
    def requantization(self, inputs: Sequence[Tensor], outputs: Sequence[Tensor]) -> tuple[int, int]:
        """(multiplier, shift) applied to the sum."""

    def validate(self, inputs: Sequence[Tensor], outputs: Sequence[Tensor]) -> None:
        require_arity(self, inputs, outputs, 1, 1)
        x, out = inputs[0], outputs[0]
        require_activations(self, x, out)
        self.require_axes(x, out)
        bound = largest_activation(x) * self.count(inputs)
        require(bound <= INT32_MAX, self, f"the sum of {self.count(inputs)} elements can exceed 32 bits")

    def reference(
        self, inputs: Sequence[IntArray], tensors_in: Sequence[Tensor], tensors_out: Sequence[Tensor]
    ) -> list[IntArray]:
        out = tensors_out[0]
        total = (inputs[0].astype(np.int64) - tensors_in[0].zero_point).sum(axis=self.axes)
        scaled = multiply_by_quantized_multiplier(total, *self.requantization(tensors_in, tensors_out))
        return [np.clip(scaled + out.zero_point, *out.integer_range).astype(DTYPES[out.dtype]).reshape(out.shape)]


@dataclass(frozen=True, kw_only=True)
class Mean(Total):
    """LiteRT MEAN."""

    kind: ClassVar[str] = "mean"

    def requantization(self, inputs: Sequence[Tensor], outputs: Sequence[Tensor]) -> tuple[int, int]:
        """(multiplier, shift) applied to the sum of (x - zero point), division by the count included.

        Source: TFLM `reference_ops::QuantizedMeanOrSum`, which divides the multiplier and truncates.
        """
        ratio, count = inputs[0].scale / outputs[0].scale, self.count(inputs)
        most = float(1 << outputs[0].bits)
        if ratio / count >= most:
            return quantize_multiplier(most)
        multiplier, shift = quantize_multiplier(ratio)
        up = min(count.bit_length() - 1, 32, 31 + shift)
        return (multiplier << up) // count, shift - up


@dataclass(frozen=True, kw_only=True)
class ReduceSum(Total):
    """LiteRT SUM."""

    kind: ClassVar[str] = "reduce_sum"

    def requantization(self, inputs: Sequence[Tensor], outputs: Sequence[Tensor]) -> tuple[int, int]:
        """(multiplier, shift) applied to the sum of (x - zero point)."""
        return quantize_saturating_multiplier(inputs[0].scale / outputs[0].scale, outputs[0].bits)
