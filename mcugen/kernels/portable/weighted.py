"""Constants of the kernels that multiply with weights."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from mcugen.graph.graph import Graph
from mcugen.graph.nibbles import pack_nibbles
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
    weights: Tensor,
    axis: int,
    bias: IntArray | None,
    requantization: tuple[IntArray, IntArray],
    x: Tensor,
    out: Tensor,
    clamp: tuple[int, int],
) -> WeightedConstants:
    """Weights stay in the model's order; the input zero point is folded into the bias, modulo 2**32.

    Args:
        weights: constant, output channels on `axis`: the first or the last. The rows that int4 are packed in are those
            of a channel, or, with the channels last, of a tap.
        requantization: (multipliers, shifts), one for each output channel.
    """
    assert weights.data is not None
    rows = np.moveaxis(weights.data, axis, 0)
    packed = pack_channels(rows.reshape(len(rows), -1), bias, requantization, x, out, clamp)
    in_order = np.moveaxis(packed.weights.reshape(rows.shape), 0, axis)
    of_a_row = in_order.reshape(len(rows), -1) if axis == 0 else in_order.reshape(-1, len(rows))
    return WeightedConstants(
        (
            Constant("weights", pack_rows(of_a_row, weights.dtype)),
            Constant("bias", ((packed.bias + 2**31) % 2**32 - 2**31).astype(np.int32)),
            Constant("multiplier", packed.multiplier.astype(np.int32)),
            Constant("shift", packed.shift.astype(np.int8), 1),
        ),
        packed.general,
    )


def pack_rows(rows: IntArray, dtype: str) -> IntArray:
    """Rows of weights one after the other; of int4 two share a byte, and each row starts with a whole one."""
    if dtype != "int4":
        return flat(rows)
    return pack_nibbles(np.pad(rows, ((0, 0), (0, rows.shape[1] % 2))))


def weight_bits(weights: Tensor) -> int:
    return 4 if weights.dtype == "int4" else 8
