"""What the kernels of int16 activations share, beside those of int8 that they are made of."""

from __future__ import annotations

from dataclasses import replace
from typing import ClassVar, NamedTuple

import numpy as np

from mcugen.boards.board import Cpu
from mcugen.graph.arithmetic import reduced_multiplier
from mcugen.graph.graph import Graph
from mcugen.graph.ops import Conv2d, DepthwiseConv2d, FullyConnected, TransposedConv2d
from mcugen.graph.ops.accumulator import fits_32_bits
from mcugen.graph.ops.base import Operator
from mcugen.graph.ops.weighted import accumulates_64_bits
from mcugen.graph.tensor import IntArray
from mcugen.kernels.base import Constant, Invocation
from mcugen.kernels.portable.common import PortableKernel, flat
from mcugen.kernels.requantization import is_fast

INT16_BYTES = 2

Weighted = Conv2d | DepthwiseConv2d | FullyConnected | TransposedConv2d


class OnInt16(PortableKernel):
    """A kernel of int16 activations alone: put before a class whose `invoke` counts overlaps in elements."""

    wide: ClassVar[bool] = True

    def supports(self, op: Operator, graph: Graph, cpu: Cpu) -> bool:
        tensors = (*graph.input_tensors(op), *graph.output_tensors(op))
        return all(t.dtype == "int16" for t in tensors if not t.is_constant) and super().supports(op, graph, cpu)

    def invoke(self, op: Operator, graph: Graph) -> Invocation:
        counted = super().invoke(op, graph)  # type: ignore[safe-super]  # of the class behind this one
        return replace(counted, overlaps=tuple(replace(o, distance=INT16_BYTES * o.distance) for o in counted.overlaps))


TWO_ROUNDINGS, TWO_ROUNDINGS_WIDE, ONE_ROUNDING, ONE_ROUNDING_WIDE, SUMS_OF_64_BITS = range(5)
"""The forms of kernels_cmsis/portable/matrix_s16.h."""

_LOW_BITS = 16
"""Of a product with a multiplier of 16 bits, that rounding by a larger shift does not need."""


class Finish(NamedTuple):
    """How accumulators become outputs.

    Attributes:
        form: one for the layer; see matrix_s16.h.
        multiplier, shift: (channels,) as the form takes them.
    """

    form: int
    multiplier: IntArray
    shift: IntArray


def finish_of(op: Weighted, graph: Graph) -> Finish:
    """The cheapest form that gives the reference's bits for every input."""
    tensors, outputs = graph.input_tensors(op), graph.output_tensors(op)
    low, high = op.accumulator_ranges(tensors)
    multiplier, shift = (np.asarray(a, np.int64) for a in op.requantization(tensors, outputs))
    if not accumulates_64_bits(tensors):
        if bool(is_fast(low, high, multiplier, -shift, 0).all()):
            return Finish(TWO_ROUNDINGS, (2 * multiplier - (1 << 32)).astype(np.int32), (-shift).astype(np.int8))
        return Finish(TWO_ROUNDINGS_WIDE, multiplier.astype(np.int32), shift.astype(np.int8))
    reduced, right = reduced_multiplier(multiplier), 15 - shift
    if not bool(fits_32_bits((low, high)).all()):
        return Finish(SUMS_OF_64_BITS, reduced.astype(np.int32), right.astype(np.int8))
    if bool((right > _LOW_BITS).all()):
        return Finish(ONE_ROUNDING, (reduced << _LOW_BITS).astype(np.int32), (right - _LOW_BITS).astype(np.int8))
    return Finish(ONE_ROUNDING_WIDE, reduced.astype(np.int32), right.astype(np.int8))


def bias_words(op: Weighted, graph: Graph, form: int) -> IntArray:
    """int32, one for each channel; of `SUMS_OF_64_BITS` two, the low one first."""
    tensors = graph.input_tensors(op)
    channels = graph.tensor(op.outputs[0]).shape[-1]
    bias = tensors[2].data if len(tensors) > 2 else None
    wide = np.zeros(channels, "<i8") if bias is None else bias.astype("<i8")
    return wide.view("<i4").astype(np.int32) if form == SUMS_OF_64_BITS else wide.astype(np.int32)


class PackedInt16(NamedTuple):
    """weights, bias, multiplier and shift in call order, and the form of the last two."""

    constants: tuple[Constant, ...]
    form: int


def pack_int16(op: Weighted, graph: Graph) -> PackedInt16:
    """Weights stay in the model's order."""
    weights, finish = graph.tensor(op.inputs[1]), finish_of(op, graph)
    assert weights.data is not None
    return PackedInt16(
        (
            Constant("weights", flat(weights.data)),
            Constant("bias", bias_words(op, graph, finish.form)),
            Constant("multiplier", finish.multiplier),
            Constant("shift", finish.shift, 1),
        ),
        finish.form,
    )


class WeightedInt16(OnInt16):
    """Multiplies int16 activations with constant int8 weights."""

    def fits(self, op: Operator, graph: Graph) -> bool:
        x, weights, *_ = graph.input_tensors(op)
        return not x.is_constant and weights.dtype == "int8"


def sum_bits(form: int) -> int:
    """Of the accumulators."""
    return 64 if form == SUMS_OF_64_BITS else 32
