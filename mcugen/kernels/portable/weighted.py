"""Constants of the kernels that multiply with weights."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from mcugen.graph.graph import Graph
from mcugen.graph.ops.base import Operator
from mcugen.graph.tensor import IntArray, Tensor
from mcugen.kernels.base import Constant
from mcugen.kernels.portable.common import PortableKernel, flat


class WeightedKernel(PortableKernel):
    """Multiplies an activation with constant weights."""

    def fits(self, op: Operator, graph: Graph) -> bool:
        x, *weights = graph.input_tensors(op)
        return not x.is_constant and all(t.is_constant for t in weights)


class WeightedConstants(NamedTuple):
    """weights, bias, multiplier and shift in call order, and whether requantization needs its general form."""

    constants: tuple[Constant, ...]
    general: bool


def pack_weighted(
    weights: IntArray, axis: int, bias: IntArray | None, requantization: tuple[IntArray, IntArray], x: Tensor
) -> WeightedConstants:
    """Weights stay in the model's order; the input zero point is folded into the bias, modulo 2**32.

    Args:
        weights: int8, output channels on `axis`.
        requantization: (multipliers, shifts), one for each output channel.
    """
    other = tuple(i for i in range(weights.ndim) if i != axis)
    folded = -x.zero_point * weights.astype(np.int64).sum(axis=other)
    if bias is not None:
        folded = folded + bias
    folded = (folded + 2**31) % 2**32 - 2**31
    multiplier, shift = requantization
    # A multiplier of 0 gives 0 with any shift.
    shift = np.where(multiplier == 0, -1, shift)
    return WeightedConstants(
        (
            Constant("weights", flat(weights)),
            Constant("bias", folded.astype(np.int32)),
            Constant("multiplier", flat(multiplier.astype(np.int32))),
            Constant("shift", shift.astype(np.int8), 1),
        ),
        general=bool((shift >= 0).any()),
    )
