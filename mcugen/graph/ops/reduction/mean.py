"""Mean over axes, with the output's own quantization."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from mcugen.graph.arithmetic import (
    INT32_MAX,
    SATURATES_INT8,
    multiply_by_quantized_multiplier,
    quantize_multiplier,
)
from mcugen.graph.ops.base import Operator
from mcugen.graph.ops.checks import largest_activation, require, require_arity, require_int8
from mcugen.graph.tensor import IntArray, Tensor


@dataclass(frozen=True, kw_only=True)
class Mean(Operator):
    """LiteRT MEAN over any axes, with the output's own quantization.

    The output's shape says whether the axes are kept (as 1) or dropped.

    Attributes:
        axes: reduced axes of the input, ascending, not negative.
    """

    kind: ClassVar[str] = "mean"
    axes: tuple[int, ...]

    def count(self, inputs: Sequence[Tensor]) -> int:
        """How many elements each output is the mean of."""
        return math.prod(inputs[0].shape[axis] for axis in self.axes)

    def requantization(self, inputs: Sequence[Tensor], outputs: Sequence[Tensor]) -> tuple[int, int]:
        """(multiplier, shift) applied to the sum of (x - zero point), division by the count included.

        Source: TFLM `reference_ops::QuantizedMeanOrSum`, which divides the multiplier and truncates.
        """
        ratio, count = inputs[0].scale / outputs[0].scale, self.count(inputs)
        if ratio / count >= SATURATES_INT8:
            return quantize_multiplier(SATURATES_INT8)
        multiplier, shift = quantize_multiplier(ratio)
        up = min(count.bit_length() - 1, 32, 31 + shift)
        return (multiplier << up) // count, shift - up

    def validate(self, inputs: Sequence[Tensor], outputs: Sequence[Tensor]) -> None:
        require_arity(self, inputs, outputs, 1, 1)
        x, out = inputs[0], outputs[0]
        require_int8(self, x, out)
        rank = len(x.shape)
        ascending = list(self.axes) == sorted(set(self.axes))
        require(ascending and bool(self.axes), self, f"axes {self.axes} must be ascending and not empty")
        require(self.axes[0] >= 0 and self.axes[-1] < rank, self, f"axes {self.axes} of an input with {rank} axes")
        kept = tuple(1 if axis in self.axes else size for axis, size in enumerate(x.shape))
        dropped = tuple(size for axis, size in enumerate(x.shape) if axis not in self.axes)
        require(out.shape in (kept, dropped), self, f"output shape {out.shape}, must be {kept} or {dropped}")
        require(x.elements > 0, self, f"the input has the empty shape {x.shape}")
        bound = largest_activation(x) * self.count(inputs)
        require(bound <= INT32_MAX, self, f"the sum of {self.count(inputs)} elements can exceed 32 bits")

    def reference(
        self, inputs: Sequence[IntArray], tensors_in: Sequence[Tensor], tensors_out: Sequence[Tensor]
    ) -> list[IntArray]:
        out = tensors_out[0]
        total = (inputs[0].astype(np.int64) - tensors_in[0].zero_point).sum(axis=self.axes)
        scaled = multiply_by_quantized_multiplier(total, *self.requantization(tensors_in, tensors_out))
        return [np.clip(scaled + out.zero_point, *out.integer_range).astype(np.int8).reshape(out.shape)]
