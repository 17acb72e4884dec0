"""SVDF: a fully connected layer over time whose matrix has a low rank."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from mcugen.graph.arithmetic import INT32_MAX, INT32_MIN, multiply_by_quantized_multiplier, quantize_multiplier
from mcugen.graph.ops.base import Operator
from mcugen.graph.ops.checks import largest_activation, require, require_int8, require_real, require_shape
from mcugen.graph.tensor import IntArray, Tensor


@dataclass(frozen=True, kw_only=True)
class Svdf(Operator):
    """TFLM's SVDF with int8 activations, bit for bit (Nakkiran et al., "Compressing Deep Neural Networks using a
    Rank-Constrained Topology", 2015).

    Inputs: activations (N, I), int8; state (N, F * M), int8 or int16: what each of F filters gave in the last M steps,
    oldest first; then constants: weights of the features (F, I), int8; weights of time (F, M), of the state's type;
    optionally bias (U,), int32, in units of state times weights of time. Weights have one scale and zero point 0.
    Outputs: (N, U), int8, U = F / rank; the state after this step.

    Each filter's product with the input is requantized to the state's scale, limited to the state's type and, in int8,
    gets the state's zero point in 8 bits that wrap. Each unit sums the products of its `rank` filters' states and
    weights of time and the bias in 32 bits that wrap, and requantizes them to int8. Source: TFLM `svdf_common.cc`; it
    has no fused activation in integers.

    Attributes:
        rank: filters of a unit.
    """

    kind: ClassVar[str] = "svdf"
    rank: int = 1

    def multipliers(self, inputs: Sequence[Tensor], outputs: Sequence[Tensor]) -> tuple[tuple[int, int], ...]:
        """(multiplier, shift) from features to the state, and from the state's sums to the output."""
        x, state, of_features, of_time = inputs[:4]
        return (
            quantize_multiplier(x.scale * of_features.scale / state.scale),
            quantize_multiplier(state.scale * of_time.scale / outputs[0].scale),
        )

    def filters_and_memory(self, inputs: Sequence[Tensor]) -> tuple[int, int]:
        filters, memory = inputs[3].shape
        return filters, memory

    def validate(self, inputs: Sequence[Tensor], outputs: Sequence[Tensor]) -> None:
        require(len(inputs) in (4, 5) and len(outputs) == 2, self, f"{len(inputs)} inputs, {len(outputs)} outputs")
        x, state, of_features, of_time = inputs[:4]
        out, after = outputs
        require_int8(self, x, out, of_features)
        require_real(self, state, of_time)
        require(len(x.shape) == 2 and min(x.shape) > 0, self, f"the input has shape {x.shape}, must have two axes")
        for weights in (of_features, of_time):
            usable = weights.is_constant and len(weights.shape) == 2 and min(weights.shape) > 0
            require(usable, self, f"weights {weights.name!r} must be a constant matrix")
            require(weights.zero_point == 0, self, f"weights {weights.name!r} must be symmetric (zero point 0)")
        filters, memory = self.filters_and_memory(inputs)
        require(self.rank > 0 and filters % self.rank == 0, self, f"{filters} filters, rank {self.rank}")
        require_shape(self, of_features, (filters, x.shape[1]))
        require(of_time.dtype == state.dtype, self, f"the state is {state.dtype}, weights of time {of_time.dtype}")
        require(state.dtype == "int8" or state.zero_point == 0, self, "an int16 state has the zero point 0")
        require_shape(self, state, (x.shape[0], filters * memory))
        require_shape(self, out, (x.shape[0], filters // self.rank))
        same = (state.shape, state.dtype, state.quantization) == (after.shape, after.dtype, after.quantization)
        require(same, self, f"{after.name!r} is not of the type of {state.name!r}")
        for bias in inputs[4:]:
            require(bias.is_constant and bias.dtype == "int32", self, "the bias must be a constant of int32")
            require_shape(self, bias, (filters // self.rank,))
        assert of_features.data is not None
        most = np.abs(of_features.data.astype(np.int64)).sum(axis=1).max() * largest_activation(x)
        require(most <= INT32_MAX, self, f"products with {of_features.name!r} can leave 32 bits")

    def reference(
        self, inputs: Sequence[IntArray], tensors_in: Sequence[Tensor], tensors_out: Sequence[Tensor]
    ) -> list[IntArray]:
        x, state, out = tensors_in[0], tensors_in[1], tensors_out[0]
        filters, memory = self.filters_and_memory(tensors_in)
        to_state, to_output = self.multipliers(tensors_in, tensors_out)
        features = (inputs[0].astype(np.int64) - x.zero_point) @ inputs[2].astype(np.int64).T
        low, high = state.integer_range
        newest = np.clip(multiply_by_quantized_multiplier(features, *to_state), low, high) + state.zero_point
        wrapped = newest.astype(inputs[1].dtype)
        past = inputs[1].reshape(-1, filters, memory)
        after = np.concatenate([past[:, :, 1:], wrapped[:, :, None]], axis=2)
        sums = ((after.astype(np.int64) - state.zero_point) * inputs[3].astype(np.int64)).sum(axis=2)
        totals = sums.reshape(len(sums), -1, self.rank).sum(axis=2) + (inputs[4] if len(inputs) > 4 else 0)
        totals = (totals - INT32_MIN) % (1 << 32) + INT32_MIN
        result = np.clip(multiply_by_quantized_multiplier(totals, *to_output) + out.zero_point, -128, 127)
        return [result.astype(np.int8), after.reshape(inputs[1].shape)]

    def macs(self, inputs: Sequence[Tensor], outputs: Sequence[Tensor]) -> int:
        return inputs[0].shape[0] * (inputs[2].elements + inputs[3].elements)
