"""Fully connected: a matrix of int8 or int4 weights times every row of the input."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from mcugen.graph.ops.accumulator import (
    Int64Array,
    accumulator_ranges,
    largest_magnitude,
    require_no_overflow,
    require_reducible,
)
from mcugen.graph.ops.base import Operator
from mcugen.graph.ops.checks import (
    require,
    require_activations,
    require_arity,
    require_clamp,
    require_shape,
    require_weights,
)
from mcugen.graph.ops.weighted import (
    BIASES,
    Int32Array,
    accumulates_64_bits,
    channel_requantization,
    exact_float,
    finish_accumulator,
)
from mcugen.graph.tensor import IntArray, Tensor


@dataclass(frozen=True, kw_only=True)
class FullyConnected(Operator):
    """LiteRT FULLY_CONNECTED.

    Inputs: activations (..., I), int8 or int16 as the output, leading axes are rows; weights (O, I), symmetric, per
    output channel (axis 0) or per tensor; optionally bias (O,) int32 with scale input x weight. Output (..., O).

    With int16 the bias may be int64: its type is that of the accumulators, see `accumulates_64_bits`.

    Results are requantized as a convolution's, as in TFLM and CMSIS-NN. The desktop LiteRT interpreter multiplies the
    accumulator with a double and rounds once: it may differ by one step.

    Attributes:
        clamp: lowest and highest output integer (fused activation).
    """

    kind: ClassVar[str] = "fully_connected"
    clamp: tuple[int, int] = (-128, 127)

    def requantization(self, inputs: Sequence[Tensor], outputs: Sequence[Tensor]) -> tuple[Int32Array, Int32Array]:
        """(multipliers, shifts) per output channel, int32 of shape (O,); see `channel_requantization`."""
        return channel_requantization(inputs[0], inputs[1], outputs[0], inputs[1].shape[0])

    def accumulator_ranges(self, inputs: Sequence[Tensor]) -> tuple[Int64Array, Int64Array]:
        """(lowest, highest) accumulator of each output channel over all possible activations."""
        return accumulator_ranges(inputs[0], inputs[1], inputs[2] if len(inputs) > 2 else None, axis=0)

    def rows(self, inputs: Sequence[Tensor]) -> int:
        """How many vectors are multiplied with the weights."""
        return inputs[0].elements // inputs[1].shape[1]

    def validate(self, inputs: Sequence[Tensor], outputs: Sequence[Tensor]) -> None:
        require_arity(self, inputs, outputs, 2, 3)
        x, weights, out = inputs[0], inputs[1], outputs[0]
        require_activations(self, x, out)
        require(len(weights.shape) == 2 and min(weights.shape) > 0, self, f"weights have shape {weights.shape}")
        require_weights(self, weights, inputs[2] if len(inputs) > 2 else None, 0, BIASES[x.dtype])
        require(x.dtype == "int8" or weights.dtype == "int8", self, "int16 activations take int8 weights")
        require(len(x.shape) > 0 and x.elements > 0, self, f"the input has shape {x.shape}")
        require(x.shape[-1] == weights.shape[1], self, f"input {x.shape} does not match weights {weights.shape}")
        require_shape(self, out, (*x.shape[:-1], weights.shape[0]))
        require_clamp(self, self.clamp, out)
        if accumulates_64_bits(inputs):
            require_reducible(self, self.accumulator_ranges(inputs), self.requantization(inputs, outputs))
        else:
            require_no_overflow(self, self.accumulator_ranges(inputs))

    def reference(
        self, inputs: Sequence[IntArray], tensors_in: Sequence[Tensor], tensors_out: Sequence[Tensor]
    ) -> list[IntArray]:
        x, out = tensors_in[0], tensors_out[0]
        number = exact_float(largest_magnitude(accumulator_ranges(x, tensors_in[1], None, axis=0)))
        rows = (inputs[0].astype(np.int32) - x.zero_point).reshape(-1, x.shape[-1]).astype(number)
        accumulator = (rows @ inputs[1].T.astype(number)).astype(np.int64)
        if len(inputs) > 2:
            accumulator += inputs[2]
        requantization = self.requantization(tensors_in, tensors_out)
        result = finish_accumulator(accumulator, requantization, tensors_in, out, self.clamp)
        return [result.reshape(out.shape)]

    def macs(self, inputs: Sequence[Tensor], outputs: Sequence[Tensor]) -> int:
        return self.rows(inputs) * inputs[1].elements
