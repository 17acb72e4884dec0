"""The weight stream of kernels_cmsis/armv7m/gemm.h, and the instructions that its matrix product takes."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from mcugen.graph.tensor import Tensor
from mcugen.kernels.armv7m.common import WIDE, as_words, bytes_as_words, field_bits, lower_starts, starts
from mcugen.kernels.base import Constant
from mcugen.kernels.requantization import PackedChannels

COLUMNS = 4
_CHANNELS = 2


def padded(depth: int) -> int:
    """Inputs of a column with those that have no weight."""
    return -(-depth // 4) * 4


def scratch_bytes(columns: int, depth: int) -> int:
    """The words of the columns that are worked on at once, for a layer with that many columns altogether."""
    return 4 * padded(depth) * (2 if columns > 2 else 1)


def weight_stream(channels: PackedChannels, bits: int) -> Constant:
    """Everything the product reads, as one array of words; see gemm.h for the order.

    Args:
        bits: of the lower field.
    """
    depth = channels.weights.shape[1]
    weights = np.pad(channels.weights, ((0, 0), (0, padded(depth) - depth)))
    rows = [starts(channels), as_words(channels.multiplier)]
    if bits == WIDE:
        rows.insert(1, lower_starts(channels))
    parts = []
    for first in range(0, len(weights), _CHANNELS):
        own = slice(first, first + _CHANNELS)
        parts += [*(row[own] for row in rows), bytes_as_words(weights[own].T)]
    return Constant("weights", np.concatenate(parts))


class PackedWeights(NamedTuple):
    """A weight stream and the bits of its sums' lower field."""

    stream: Constant
    bits: int


def pack(channels: PackedChannels, x: Tensor) -> PackedWeights:
    """The stream of channels whose sums fit."""
    bits = field_bits(channels, x)
    assert bits is not None
    return PackedWeights(weight_stream(channels, bits), bits)


def instructions(columns: int, depth: int, output_c: int) -> float:
    """Of the product for all columns, without making their words. Counted on a Cortex-M3 and fitted."""
    blocks, rest = divmod(columns, COLUMNS)
    pairs, single = divmod(output_c, _CHANNELS)

    def block(at_once: int, channels: int) -> float:
        words = -(-at_once // 2)
        step = words + channels * (1 + words) - (at_once > 2)
        turn = 3 / 8 if padded(depth) % 8 == 0 else 3 / 4
        # One channel is left to the compiler.
        product = step + turn if channels == _CHANNELS else 2 * step
        return padded(depth) * product + channels * (8 + 9 * at_once) + 18

    total = blocks * (pairs * block(COLUMNS, 2) + single * block(COLUMNS, 1) + 20)
    if rest:
        total += pairs * block(rest, 2) + single * block(rest, 1) + 20
    return total


def packing(columns: int, depth: int) -> float:
    """Instructions of making the words of all columns, `depth` bytes each."""
    blocks, rest = divmod(columns, COLUMNS)
    return (blocks * 9.0 + (rest > 0) * 7.0) * depth + 15 * (blocks + 1)
