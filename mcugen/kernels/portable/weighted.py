"""Constants of the kernels that multiply with weights."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from mcugen.graph.graph import Graph
from mcugen.graph.ops.base import Operator
from mcugen.graph.tensor import IntArray, Tensor
from mcugen.kernels.base import Constant
from mcugen.kernels.portable.common import PortableKernel, flat
from mcugen.kernels.requantization import pack_channels


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
    weights: IntArray,
    axis: int,
    bias: IntArray | None,
    requantization: tuple[IntArray, IntArray],
    x: Tensor,
    out: Tensor,
    clamp: tuple[int, int],
) -> WeightedConstants:
    """Weights stay in the model's order; the input zero point is folded into the bias, modulo 2**32.

    Args:
        weights: int8, output channels on `axis`: the first or the last.
        requantization: (multipliers, shifts), one for each output channel.
    """
    rows = np.moveaxis(weights, axis, 0)
    packed = pack_channels(rows.reshape(len(rows), -1), bias, requantization, x, out, clamp)
    in_order = np.moveaxis(packed.weights.reshape(rows.shape), 0, axis)
    return WeightedConstants(
        (
            Constant("weights", flat(in_order)),
            Constant("bias", ((packed.bias + 2**31) % 2**32 - 2**31).astype(np.int32)),
            Constant("multiplier", packed.multiplier.astype(np.int32)),
            Constant("shift", packed.shift.astype(np.int8), 1),
        ),
        packed.general,
    )
