"""Sums of values at constant places: what `fold` makes of the columns of `unfold`, and other scattered sums."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from mcugen.graph.arithmetic import INT32_MAX, multiply_by_quantized_multiplier, quantize_saturating_multiplier
from mcugen.graph.ops.base import Operator
from mcugen.graph.ops.checks import largest_activation, require, require_activations, require_arity, require_shape
from mcugen.graph.tensor import DTYPES, IntArray, Tensor

Taps = tuple[tuple[int, ...], ...]
"""For each place along an axis of the output, the terms that it adds to places in the flattened input."""


@dataclass(frozen=True, kw_only=True)
class TakeSum(Operator):
    """output[i, j, ...] = the sum of input.flat[a + b + ...] over all a in taps[0][i], b in taps[1][j], ...

    int8 or int16, with a quantization of its own; sums are exact, each is rounded once. Nothing to add is 0.

    Attributes:
        taps: for each axis of the output, see `Taps`.
    """

    kind: ClassVar[str] = "take_sum"
    taps: tuple[Taps, ...]

    def requantization(self, inputs: Sequence[Tensor], outputs: Sequence[Tensor]) -> tuple[int, int]:
        """(multiplier, shift) of input scale / output scale."""
        return quantize_saturating_multiplier(inputs[0].scale / outputs[0].scale, outputs[0].bits)

    def validate(self, inputs: Sequence[Tensor], outputs: Sequence[Tensor]) -> None:
        require_arity(self, inputs, outputs, 1, 1)
        require_activations(self, *inputs, *outputs)
        x = inputs[0]
        require_shape(self, outputs[0], tuple(len(axis) for axis in self.taps))
        terms = [[term for t in axis for term in t] for axis in self.taps]
        if all(terms):
            lowest, highest = sum(map(min, terms)), sum(map(max, terms))
            require(lowest >= 0 and highest < x.elements, self, f"places {lowest} to {highest} of {x.elements}")
        most = math.prod(max(len(t) for t in axis) for axis in self.taps)
        require(largest_activation(x) * most <= INT32_MAX, self, f"the sum of {most} elements can exceed 32 bits")

    def reference(
        self, inputs: Sequence[IntArray], tensors_in: Sequence[Tensor], tensors_out: Sequence[Tensor]
    ) -> list[IntArray]:
        out = tensors_out[0]
        x = inputs[0].reshape(-1).astype(np.int64) - tensors_in[0].zero_point
        places, sources = np.zeros(1, np.int64), np.zeros(1, np.int64)
        for axis in self.taps:
            along = np.repeat(np.arange(len(axis)), [len(t) for t in axis])
            terms = np.array([term for t in axis for term in t], np.int64)
            places = (places[:, None] * len(axis) + along).reshape(-1)
            sources = (sources[:, None] + terms).reshape(-1)
        total = np.zeros(out.elements, np.int64)
        np.add.at(total, places, x[sources])
        scaled = multiply_by_quantized_multiplier(total, *self.requantization(tensors_in, tensors_out))
        return [np.clip(scaled + out.zero_point, *out.integer_range).astype(DTYPES[out.dtype]).reshape(out.shape)]
