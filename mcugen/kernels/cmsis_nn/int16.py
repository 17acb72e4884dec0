"""What the wrappers of CMSIS-NN's functions for int16 activations share."""

from __future__ import annotations

import numpy as np

from mcugen.graph.arithmetic import INT32_MAX, INT32_MIN, reduced_multiplier
from mcugen.graph.graph import Graph
from mcugen.graph.ops import Conv2d, DepthwiseConv2d, FullyConnected
from mcugen.graph.ops.weighted import accumulates_64_bits
from mcugen.graph.tensor import IntArray, Tensor
from mcugen.kernels.base import Constant

Weighted = Conv2d | DepthwiseConv2d | FullyConnected

MOST_COLUMNS = 512
"""Products that are summed in 32 bits before the accumulator gets 64: MAX_COL_COUNT in arm_nnsupportfunctions.h."""

_LARGEST_INPUT = 1 << 15


def bias_of(op: Weighted, graph: Graph) -> IntArray:
    """int64, or int32 where the accumulators have 32 bits; zeros where the operator has none."""
    tensors = graph.input_tensors(op)
    dtype = np.int64 if accumulates_64_bits(tensors) else np.int32
    bias = tensors[2].data if len(tensors) > 2 else None
    return np.zeros(graph.tensor(op.outputs[0]).shape[-1], dtype) if bias is None else bias.astype(dtype)


def channel_constants(op: Weighted, graph: Graph, weights: IntArray, beyond: int = 0) -> tuple[Constant, ...]:
    """Weights, bias, multipliers and shifts in call order.

    Args:
        beyond: zeros behind those of the last channel, for functions that read beyond it.
    """
    multiplier, shift = op.requantization(graph.input_tensors(op), graph.output_tensors(op))
    bias = bias_of(op, graph)
    return (
        Constant("weights", weights),
        Constant("bias", np.pad(bias, (0, beyond)), bias.itemsize),
        Constant("multiplier", np.pad(multiplier, (0, beyond))),
        Constant("shift", np.pad(shift, (0, beyond))),
    )


def reduces_without_overflow(op: Weighted, graph: Graph) -> bool:
    """CMSIS-NN's requantization of 64-bit accumulators cuts the product to 32 bits before its last rounding."""
    tensors, outputs = graph.input_tensors(op), graph.output_tensors(op)
    multiplier, shift = (np.asarray(a, np.int64) for a in op.requantization(tensors, outputs))
    scaled = [(end * reduced_multiplier(multiplier)) >> (14 - shift) for end in op.accumulator_ranges(tensors)]
    return all(bool(((s >= INT32_MIN) & (s < INT32_MAX)).all()) for s in scaled)


def _largest_sums(weights: Tensor, axis: int, count: int | None = None) -> int:
    assert weights.data is not None
    rows = np.moveaxis(weights.data.astype(np.int64), axis, 0).reshape(weights.shape[axis], -1)
    return int(np.abs(rows[:, :count]).sum(axis=1).max(initial=0)) * _LARGEST_INPUT


def first_columns_fit(weights: Tensor, axis: int = 0) -> bool:
    """The sums of the first `MOST_COLUMNS` products of each channel fit 32 bits.

    Args:
        axis: of the weights' channels.
    """
    return _largest_sums(weights, axis, MOST_COLUMNS) <= INT32_MAX


def sums_fit_32_bits(weights: Tensor) -> bool:
    """The sums of all products of each channel do."""
    return _largest_sums(weights, 0) <= INT32_MAX
