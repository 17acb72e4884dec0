"""Products along axes, rounded after each factor."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from mcugen.graph.arithmetic import MOST_REDUCED_SHIFT, multiply_by_reduced_multiplier, quantize_multiplier
from mcugen.graph.ops.checks import require, require_activations, require_arity
from mcugen.graph.ops.reduction.base import Reduction
from mcugen.graph.tensor import DTYPES, IntArray, Tensor

MOST = 4096
"""Factors of a product: the reference takes one after the other."""


@dataclass(frozen=True, kw_only=True)
class LitertProduct(Reduction):
    """LiteRT REDUCE_PROD of int8 or int16, which TensorFlow Lite Micro does not have.

    Source: TensorFlow Lite `QuantizedReduceProd`: factors without zero point in the order of memory; each product so
    far is scaled by the input's scale over the root of the output's, rounded once with a multiplier of 16 bits. What
    leaves 32 bits wraps around there, and saturates here.
    """

    kind: ClassVar[str] = "litert_product"

    def requantization(self, inputs: Sequence[Tensor], outputs: Sequence[Tensor]) -> tuple[int, int]:
        """(multiplier, shift) behind each factor."""
        return quantize_multiplier(inputs[0].scale / outputs[0].scale ** (1.0 / self.count(inputs)))

    def validate(self, inputs: Sequence[Tensor], outputs: Sequence[Tensor]) -> None:
        require_arity(self, inputs, outputs, 1, 1)
        require_activations(self, inputs[0], outputs[0])
        self.require_axes(inputs[0], outputs[0])
        count = self.count(inputs)
        require(count <= MOST, self, f"the product of {count} elements, at most {MOST} are possible")
        _, shift = self.requantization(inputs, outputs)
        fine = f"the output scale {outputs[0].scale:g} is too fine for {self.count(inputs)} factors"
        require(shift <= MOST_REDUCED_SHIFT, self, fine)

    def reference(
        self, inputs: Sequence[IntArray], tensors_in: Sequence[Tensor], tensors_out: Sequence[Tensor]
    ) -> list[IntArray]:
        out, scaling = tensors_out[0], self.requantization(tensors_in, tensors_out)
        centred = inputs[0].astype(np.int64) - tensors_in[0].zero_point
        kept = [axis for axis in range(centred.ndim) if axis not in self.axes]
        factors = np.transpose(centred, (*self.axes, *kept)).reshape(self.count(tensors_in), -1)
        value = factors[0]
        for factor in factors[1:]:
            value = multiply_by_reduced_multiplier(value * factor, *scaling)
        value = multiply_by_reduced_multiplier(value, *scaling)
        result = np.clip(value + out.zero_point, *out.integer_range).astype(DTYPES[out.dtype])
        return [result.reshape(out.shape)]
