"""The weight stream of kernels_cmsis/dsp/nibbles.h: four channels in the nibbles of a half-word.

The sums of a half-word's second, third and fourth channel come out modulo 2**28, 2**24 and 2**20, so they must stay
within as many bits for every input. That follows from the constant weights.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from mcugen.graph.ops.accumulator import channel_ranges
from mcugen.graph.tensor import IntArray, Tensor
from mcugen.kernels.base import Constant
from mcugen.kernels.dsp.gemm import as_words, bytes_as_word, quads
from mcugen.kernels.requantization import PackedChannels

COLUMNS = 2
_OFFSETS = np.array([8, 8, 8, 0])
_BITS = (32, 28, 24, 20)


def fits(channels: PackedChannels, x: Tensor) -> bool:
    """True when the nibbles give every channel's exact sum. `channels` are packed from int4 weights, not doubled."""
    rows = _padded(channels.weights)
    for place, bits in enumerate(_BITS):
        low, high = channel_ranges(rows[place::4] + _OFFSETS[place], None, 0, x.integer_range)
        if bool((low < -(1 << (bits - 1))).any() or (high >= 1 << (bits - 1)).any()):
            return False
    return True


def scratch_bytes(depth: int) -> int:
    """Two widened columns."""
    return COLUMNS * 8 * quads(depth)


def weight_stream(channels: PackedChannels, block: int) -> Constant:
    """Everything the product reads, as one array of words; see nibbles.h for the order.

    Args:
        block: output channels of a block, a multiple of four.
    """
    words = _words(channels.weights)
    count = len(channels.weights)
    parts: list[npt.NDArray[np.uint32]] = []
    for first in range(0, count, block):
        own = slice(first, min(first + block, count))
        parts += [
            words[first // 4 : (own.stop + 3) // 4].transpose(1, 2, 0).reshape(-1),
            as_words(channels.bias[own]),
            as_words(channels.multiplier[own]),
            *(bytes_as_word(channels.shift[i : min(i + 4, own.stop)]) for i in range(first, own.stop, 4)),
        ]
    return Constant("weights", np.concatenate(parts))


def _padded(weights: IntArray) -> npt.NDArray[np.int64]:
    """Whole words of inputs, which the kernel reads; what is beyond the depth has weight 0."""
    depth = weights.shape[1]
    return np.pad(weights.astype(np.int64), ((0, 0), (0, 4 * quads(depth) - depth)))


def _words(weights: IntArray) -> npt.NDArray[np.uint32]:
    """(fours of channels, quads of inputs, 2): the words of the inputs (0, 2) and (1, 3)."""
    rows = _padded(weights)
    rows = np.pad(rows, ((0, -len(rows) % 4), (0, 0))).reshape(-1, 4, rows.shape[1])
    nibbles = rows + _OFFSETS[:, None] & 0xF
    halves = (nibbles << np.array([0, 4, 8, 12])[:, None]).sum(axis=1).reshape(len(rows), -1, 2, 2)
    words: npt.NDArray[np.uint32] = (halves[:, :, 0] | halves[:, :, 1] << 16).astype(np.uint32)
    return words


def rows_cost(rows: int, depth: int, output_c: int) -> float:
    """Instructions of mcugen_dsp_nibbles_rows. Calibrated by counting on a Cortex-M4."""
    return -(-rows // COLUMNS) * 2 * (5 * quads(depth) + 10) + cost(rows, depth, output_c) + 30


def cost(columns: int, depth: int, output_c: int) -> float:
    """Of the product for several columns, without making them."""
    per_block = 26.8 * quads(depth) + 120
    return -(-columns // COLUMNS) * (-(-output_c // 4) * per_block + 7 * quads(depth) + 40)


def vector_cost(depth: int, output_c: int) -> float:
    """For a single column, blocks of eight channels."""
    return -(-output_c // 4) / 2 * (35.8 * quads(depth) + 120) + 6 * quads(depth) + 40
