"""The weight stream of kernels_cmsis/dsp/paired.h: two channels in the bytes of a half-word, and when that is exact.

The second channel of a pair comes out modulo 2**24, so its accumulator must stay within 24 bits for every input. That
follows from the constant weights. The requantization is the fast form, on doubled sums.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from mcugen.graph.ops.accumulator import Int64Array, channel_ranges
from mcugen.graph.tensor import IntArray, Tensor
from mcugen.kernels.base import Constant
from mcugen.kernels.dsp.gemm import as_words, bytes_as_word, quads
from mcugen.kernels.requantization import PackedChannels

COLUMNS = 2
_SECOND_LIMIT = 1 << 23


def fits(channels: PackedChannels, x: Tensor) -> bool:
    """True when the pairs give every channel's exact sum. `channels` are packed doubled."""
    if channels.general or not np.abs(_halves(channels.weights)).max(initial=0) < 1 << 15:
        return False
    low, high = channel_ranges(channels.weights, _single(channels.bias), 0, x.integer_range)
    return bool((low[1::2] >= -_SECOND_LIMIT).all() and (high[1::2] < _SECOND_LIMIT).all())


def scratch_bytes(depth: int) -> int:
    """Two widened columns."""
    return COLUMNS * 8 * quads(depth)


def weight_stream(channels: PackedChannels, block: int) -> Constant:
    """Everything the product reads, as one array of words; see paired.h for the order.

    Args:
        block: output channels of a block, a multiple of four.
    """
    count, depth = channels.weights.shape
    halves = np.pad(_halves(channels.weights), ((0, 0), (0, 4 * quads(depth) - depth)))
    # A word has the inputs (0, 2) or (1, 3) of a quad.
    pairs = halves.astype(np.int16).reshape(len(halves), -1, 2, 2).swapaxes(2, 3)
    words: npt.NDArray[np.uint32] = np.ascontiguousarray(pairs).view(np.dtype("<u4"))[..., 0].astype(np.uint32)
    bias = np.pad(_single(channels.bias), (0, count % 2))
    starts = np.stack([bias[::2], bias[::2] + 256 * bias[1::2]], axis=1)
    parts: list[npt.NDArray[np.uint32]] = []
    for first in range(0, count, block):
        own = slice(first, min(first + block, count))
        of_pairs = slice(first // 2, (own.stop + 1) // 2)
        exponents = [bytes_as_word(channels.shift[i : min(i + 4, own.stop)] - 1) for i in range(first, own.stop, 4)]
        parts += [
            as_words(starts[of_pairs].reshape(-1)),
            words[of_pairs].transpose(1, 2, 0).reshape(-1),
            as_words(channels.multiplier[own]),
            *exponents,
        ]
    return Constant("weights", np.concatenate(parts))


def _halves(weights: IntArray) -> Int64Array:
    """(pairs, depth): a + 256 * b; the second channel of the last pair may be missing."""
    even = np.pad(weights.astype(np.int64), ((0, len(weights) % 2), (0, 0)))
    return even[::2] + 256 * even[1::2]


def _single(doubled: Int64Array) -> Int64Array:
    return doubled // 2


CYCLES = 1.33
"""Cycles for an instruction of the other DSP kernels. These kernels take about as many instructions, but their loads
overlap: what they cost is their cycles (of the M4 table) as instructions of the others."""


def cost(columns: int, depth: int, output_c: int) -> float:
    """Of the product for several columns, without making them. Calibrated by counting on a Cortex-M4."""
    steps = quads(depth)
    turn = next((t for t in range(16, 8, -1) if steps % t == 0), 8)
    turns = 0 if steps <= 16 else steps // turn
    per_block = 30 * steps + 7 * turns + (86 if turns else 76)
    return -(-columns // COLUMNS) * (-(-output_c // 4) * per_block + 20) / CYCLES


def vector_cost(depth: int, output_c: int) -> float:
    """For a single column, blocks of eight channels."""
    return (-(-output_c // 2) / 4 * (39 * quads(depth) + 5 * (quads(depth) // 4) + 115) + 30) / CYCLES
