"""The weights of kernels_cmsis/armv6m/pairs.h: how many products a group may have, their order, and what it costs."""

from __future__ import annotations

import numpy as np

from mcugen.graph.tensor import IntArray, Tensor

COLUMNS = 2
LANES = 4
UNIT = 0.4
DEPTHWISE_UNIT = 0.28
"""Of the portable kernels' cost for an instruction: that is calibrated on a Cortex-M3, and here they take 2.5 times as
many instructions, depthwise convolution 3.5 times."""
_HALF = 1 << 15


def group(weights: IntArray, x: Tensor) -> int:
    """Products that may be summed up before the columns are taken apart: 2, or 1, which is right for any weights.

    The first column's part has to stay within 16 bits, for every input.

    Args:
        weights: (channels, depth) int8.
    """
    lowest, highest = x.integer_range
    pairs = np.pad(weights, ((0, 0), (0, weights.shape[1] % 2))).astype(np.int64)
    up, down = np.maximum(pairs, 0), np.minimum(pairs, 0)
    most = (up * highest + down * lowest).reshape(len(pairs), -1, 2).sum(axis=2)
    least = (up * lowest + down * highest).reshape(len(pairs), -1, 2).sum(axis=2)
    return 2 if bool((most < _HALF).all() and (least >= -_HALF).all()) else 1


def weight_blocks(weights: IntArray) -> IntArray:
    """Blocks of four channels, filled up with zeros, four bytes for each input.

    Args:
        weights: (channels, depth) int8.
    """
    channels, depth = weights.shape
    blocks = np.pad(weights, ((0, -channels % LANES), (0, 0))).reshape(-1, LANES, depth)
    return np.ascontiguousarray(blocks.swapaxes(1, 2)).reshape(-1)


def scratch_bytes(depth: int) -> int:
    """One word an input."""
    return 4 * depth


def dot_cost(depth: int, products: int) -> float:
    """Instructions of mcugen_armv6m_dot."""
    steps = depth // 2
    return (9 if products == 2 else 11) * steps + 6 * (depth % 2) + 2 * (steps // 8)


def product_cost(columns: int, depth: int, channels: int, products: int) -> float:
    """Instructions of mcugen_armv6m_two_columns for all columns, without making pairs. Calibrated by counting.

    Args:
        products: of a group, see `group`.
    """
    per_channel = dot_cost(depth, products) + 82
    return -(-columns // COLUMNS) * (channels * per_channel + 30)


def direct_cost(rows: int, columns: int, depth: int, channels: int, products: int) -> float:
    """Instructions of mcugen_armv6m_conv2d_direct_s8."""
    made = -(-columns // COLUMNS) * (6 * depth + 20)
    return rows * (made + product_cost(columns, depth, channels, products))


def unit(channels: int) -> float:
    """`UNIT` for a product with so many channels: fewer than four the portable kernels take one by one, on any core."""
    return UNIT if channels >= LANES else 0.75
