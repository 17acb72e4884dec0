"""Products of two activations, matrix by matrix."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from mcugen.graph.arithmetic import (
    INT32_MAX,
    MOST_REDUCED_SHIFT,
    REDUCED_ACCUMULATOR,
    multiply_by_quantized_multiplier,
    multiply_by_reduced_multiplier,
    quantize_saturating_multiplier,
)
from mcugen.graph.ops.base import Operator
from mcugen.graph.ops.checks import (
    largest_activation,
    require,
    require_activations,
    require_arity,
    require_clamp,
    require_shape,
)
from mcugen.graph.ops.weighted import exact_float
from mcugen.graph.tensor import DTYPES, IntArray, Tensor


@dataclass(frozen=True, kw_only=True)
class BatchMatMul(Operator):
    """LiteRT BATCH_MATMUL: left (..., M, K) times right (..., K, N); leading axes broadcast as NumPy's.

    Both may be activations, the same one too; either may be a constant. All are int8, with accumulators of 32 bits, or
    all int16, with accumulators of 64.

    Attributes:
        transposed: the right input is stored as (..., N, K).
        clamp: lowest and highest output integer (fused activation).
    """

    kind: ClassVar[str] = "batch_matmul"
    transposed: bool = False
    clamp: tuple[int, int] = (-128, 127)

    def requantization(self, inputs: Sequence[Tensor], outputs: Sequence[Tensor]) -> tuple[int, int]:
        """(multiplier, shift) of left scale * right scale / output scale."""
        real = inputs[0].scale * inputs[1].scale / outputs[0].scale
        return quantize_saturating_multiplier(real, outputs[0].bits)

    def sizes(self, inputs: Sequence[Tensor]) -> tuple[int, int, int]:
        """(M, K, N)."""
        rows, depth = inputs[0].shape[-2:]
        return rows, depth, inputs[1].shape[-2 if self.transposed else -1]

    def validate(self, inputs: Sequence[Tensor], outputs: Sequence[Tensor]) -> None:
        require_arity(self, inputs, outputs, 2, 2)
        left, right, out = inputs[0], inputs[1], outputs[0]
        require_activations(self, left, right, out)
        for x in (left, right):
            require(len(x.shape) >= 2 and x.elements > 0, self, f"tensor {x.name!r} has shape {x.shape}, no matrix")
        rows, depth, columns = self.sizes(inputs)
        wanted = right.shape[-1 if self.transposed else -2]
        require(depth == wanted, self, f"{depth} columns of {left.shape} meet {wanted} rows of {right.shape}")
        try:
            batch = tuple(np.broadcast_shapes(left.shape[:-2], right.shape[:-2]))
        except ValueError:
            batch = ()
            require(False, self, f"shapes {left.shape} and {right.shape} do not broadcast")
        require_shape(self, out, (*batch, rows, columns))
        require_clamp(self, self.clamp, out)
        most = self.largest_accumulator(inputs)
        if out.bits == 8:
            require(most <= INT32_MAX, self, f"sums of {depth} products can reach {most}, beyond 32 bits")
            return
        require(most < REDUCED_ACCUMULATOR, self, f"sums of {depth} products can reach {most}, beyond 48 bits")
        fine = self.requantization(inputs, outputs)[1] > MOST_REDUCED_SHIFT
        require(not fine, self, f"a product is {1 << MOST_REDUCED_SHIFT} output steps or more")

    def largest_accumulator(self, inputs: Sequence[Tensor]) -> int:
        """The largest |accumulator| over all inputs; sums on the way stay below it too."""
        return largest_activation(inputs[0]) * largest_activation(inputs[1]) * inputs[0].shape[-1]

    def reference(
        self, inputs: Sequence[IntArray], tensors_in: Sequence[Tensor], tensors_out: Sequence[Tensor]
    ) -> list[IntArray]:
        number, out = exact_float(self.largest_accumulator(tensors_in)), tensors_out[0]
        left, right = (
            (x.astype(np.int32) - t.zero_point).astype(number) for x, t in zip(inputs, tensors_in, strict=True)
        )
        if self.transposed:
            right = np.swapaxes(right, -1, -2)
        accumulator = (left @ right).astype(np.int64)
        multiply = multiply_by_quantized_multiplier if out.bits == 8 else multiply_by_reduced_multiplier
        scaled = multiply(accumulator, *self.requantization(tensors_in, tensors_out))
        return [np.clip(scaled + out.zero_point, *self.clamp).astype(DTYPES[out.dtype])]

    def macs(self, inputs: Sequence[Tensor], outputs: Sequence[Tensor]) -> int:
        return math.prod(outputs[0].shape) * inputs[0].shape[-1]
