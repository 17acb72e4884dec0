"""The logarithm of softmax in gemmlowp's fixed point."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from mcugen.graph.arithmetic import (
    INT32_MIN,
    multiply_by_quantized_multiplier,
    quantize_multiplier,
    rounding_divide_by_pot,
    saturating_rounding_doubling_high_mul,
)
from mcugen.graph.fixed_point import logarithm
from mcugen.graph.ops.base import Operator
from mcugen.graph.ops.checks import require, require_arity, require_int8, require_shape
from mcugen.graph.ops.normalization.softmax import (
    SUM_INTEGER_BITS,
    SoftmaxParameters,
    exponentials_of,
    softmax_parameters,
)
from mcugen.graph.tensor import IntArray, Quantization, Tensor

OUTPUT_SHIFT = 22
"""From Q5.26 to steps of 1/16."""


@dataclass(frozen=True, kw_only=True)
class TflmLogSoftmax(Operator):
    """LiteRT LOG_SOFTMAX over the last axis; output scale 1/16, zero point 127.

    Source: TFLM `reference_ops::LogSoftmaxQuantized`: the sum of exponentials is that of `Softmax`, its logarithm is
    gemmlowp's (`logarithm`); differences to the largest element in Q5.26 less this logarithm are rounded to 1/16.
    Elements so far below that the difference would leave 32 bits are the lowest integer.
    """

    kind: ClassVar[str] = "tflm_log_softmax"

    def parameters(self, inputs: Sequence[Tensor]) -> SoftmaxParameters:
        return softmax_parameters(1.0, inputs[0].scale)

    def back(self, inputs: Sequence[Tensor]) -> tuple[int, int]:
        """(multiplier, shift) from Q5.26 back to input steps."""
        p = self.parameters(inputs)
        return quantize_multiplier(2.0 ** (31 - p.left_shift) / p.multiplier)

    def differences(self, inputs: Sequence[Tensor]) -> IntArray:
        """The differences 0, -1, ... -255 in Q5.26, int32, limited to the lowest one that counts."""
        p = self.parameters(inputs)
        steps = np.maximum(-np.arange(256, dtype=np.int64), p.diff_min)
        return saturating_rounding_doubling_high_mul(steps << p.left_shift, p.multiplier).astype(np.int32)

    def validate(self, inputs: Sequence[Tensor], outputs: Sequence[Tensor]) -> None:
        require_arity(self, inputs, outputs, 1, 1)
        x, out = inputs[0], outputs[0]
        require_int8(self, x, out)
        require_shape(self, out, x.shape)
        depth, limit = x.shape[-1] if x.shape else 0, 1 << SUM_INTEGER_BITS
        require(0 < depth < limit, self, f"the last axis has {depth} elements, must be 1 to {limit - 1}")
        known = out.quantization == Quantization.per_tensor(1 / 16, 127)
        require(known, self, f"output scale {out.scale}, zero point {out.zero_point}; must be 1/16, 127")

    def reference(
        self, inputs: Sequence[IntArray], tensors_in: Sequence[Tensor], tensors_out: Sequence[Tensor]
    ) -> list[IntArray]:
        p, table = self.parameters(tensors_in), self.differences(tensors_in).astype(np.int64)
        x = inputs[0].astype(np.int64)
        difference = x - x.max(axis=-1, keepdims=True)
        counts = difference >= p.diff_min
        exponentials = exponentials_of(np.where(counts, difference, 0), p)
        sums = np.where(counts, rounding_divide_by_pot(exponentials, SUM_INTEGER_BITS), 0).sum(axis=-1, keepdims=True)
        logs = np.array([logarithm(int(v)) for v in sums.reshape(-1)], np.int64).reshape(sums.shape)
        least = multiply_by_quantized_multiplier(logs + INT32_MIN, *self.back(tensors_in))
        inside = difference > np.maximum(p.diff_min - 1, least)
        steps = rounding_divide_by_pot(table[-difference] - logs, OUTPUT_SHIFT) + 127
        return [np.where(inside, np.clip(steps, -128, 127), -128).astype(np.int8)]
