"""Sums and differences of two tensors with different quantizations."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from mcugen.graph.arithmetic import multiply_by_quantized_multiplier, quantize_multiplier
from mcugen.graph.ops.base import Operator
from mcugen.graph.ops.checks import require
from mcugen.graph.ops.elementwise.binary import require_elementwise
from mcugen.graph.tensor import DTYPES, IntArray, Tensor

_LEFT_SHIFTS = {"int8": 20, "int16": 15}
"""Bits that the common scale has more than the inputs: what two inputs differ by fits 32 bits with them."""


def left_shift(out: Tensor) -> int:
    """Bits that the common scale has more than the inputs, for this output."""
    return _LEFT_SHIFTS[out.dtype]


@dataclass(frozen=True)
class AddRequantization:
    """Integers of one addition, as CMSIS-NN `arm_elementwise_add_s8` takes them; all shifts are <= 0.

    output = zero point + requantize(sum over both inputs of requantize((x - zero point) << left_shift)). The second
    input's multiplier is negative in a difference, as in TFLM's SUB.
    """

    left_shift: int
    input1_multiplier: int
    input1_shift: int
    input2_multiplier: int
    input2_shift: int
    output_multiplier: int
    output_shift: int


@dataclass(frozen=True, kw_only=True)
class Sum(Operator):
    """What addition and subtraction of two tensors share, int8 or int16 as the output; they broadcast, and either may
    be a constant.

    Attributes:
        sign: of the second input.
        clamp: lowest and highest output integer (fused activation).
    """

    pointwise: ClassVar[bool] = True
    sign: ClassVar[int]
    clamp: tuple[int, int] = (-128, 127)

    def _scales(self, inputs: Sequence[Tensor], outputs: Sequence[Tensor]) -> tuple[float, float]:
        """The input scales to compute with.

        Where TFLM would lose output steps, because an input's step is so many of them, that step only decides to which
        side the output saturates: it is made smaller, to where it still does, and leaves the other input its bits.
        """
        first, second = (t.scale for t in inputs)
        least, most, out = min(first, second), max(first, second), outputs[0].scale
        # In coarser steps the common scale has not even half an output step.
        if most < out * (1 << (left_shift(outputs[0]) - 2)):
            return first, second
        values = float(1 << outputs[0].bits)
        if first == second:
            return 2 * values * out, 2 * values * out
        limit = min(most, values * least + 2 * values * out)
        return min(first, limit), min(second, limit)

    def _output_scale_ratio(self, inputs: Sequence[Tensor], outputs: Sequence[Tensor]) -> float:
        twice, steps = 2 * max(self._scales(inputs, outputs)), (1 << left_shift(outputs[0])) * outputs[0].scale
        return twice / steps

    def requantization(self, inputs: Sequence[Tensor], outputs: Sequence[Tensor]) -> AddRequantization:
        """Scales both inputs to twice the larger input scale (TFLM `CalculateOpDataAdd`, `CalculateOpDataSub`)."""
        scales = self._scales(inputs, outputs)
        first, second = (quantize_multiplier(scale / (2 * max(scales))) for scale in scales)
        output = quantize_multiplier(self._output_scale_ratio(inputs, outputs))
        return AddRequantization(left_shift(outputs[0]), *first, self.sign * second[0], second[1], *output)

    def validate(self, inputs: Sequence[Tensor], outputs: Sequence[Tensor]) -> None:
        require_elementwise(self, inputs, outputs, self.clamp)
        ratio = self._output_scale_ratio(inputs, outputs)
        require(
            ratio < 1, self, f"the output scale {outputs[0].scale} is too small for the inputs', whose sums may cancel"
        )

    def reference(
        self, inputs: Sequence[IntArray], tensors_in: Sequence[Tensor], tensors_out: Sequence[Tensor]
    ) -> list[IntArray]:
        q, out = self.requantization(tensors_in, tensors_out), tensors_out[0]
        first = (inputs[0].astype(np.int64) - tensors_in[0].zero_point) << q.left_shift
        second = (inputs[1].astype(np.int64) - tensors_in[1].zero_point) << q.left_shift
        total = multiply_by_quantized_multiplier(first, q.input1_multiplier, q.input1_shift)
        total = total + multiply_by_quantized_multiplier(second, q.input2_multiplier, q.input2_shift)
        result = multiply_by_quantized_multiplier(total, q.output_multiplier, q.output_shift) + out.zero_point
        return [np.clip(result, *self.clamp).astype(DTYPES[out.dtype])]


@dataclass(frozen=True, kw_only=True)
class Add(Sum):
    """LiteRT ADD."""

    kind: ClassVar[str] = "add"
    sign: ClassVar[int] = 1


@dataclass(frozen=True, kw_only=True)
class Sub(Sum):
    """LiteRT SUB."""

    kind: ClassVar[str] = "sub"
    sign: ClassVar[int] = -1
