"""The weight stream of kernels_cmsis/mve/gemm.h, and the instructions that its matrix product takes."""

from __future__ import annotations

import numpy as np

from mcugen.graph.tensor import IntArray
from mcugen.kernels.base import Constant
from mcugen.kernels.mve.channels import LaneChannels, as_words

LANES = 16
_BLOCK = 4
_UNROLLED = 7


def chunks(depth: int) -> int:
    """Vectors of 16 activations."""
    return -(-depth // LANES)


def weight_stream(channels: LaneChannels, groups: int = 1, bits: int = 8) -> Constant:
    """Everything the matrix product reads, as one array of words; see gemm.h for the order.

    Args:
        groups: of channels; blocks do not reach from one to the next.
        bits: of the weights, 8 or 4; 16 for int8 weights of int16 activations, of which a vector has eight.
    """
    count, depth = channels.weights.shape
    size = count // groups
    lanes = 8 if bits == 16 else LANES
    padded = np.pad(channels.weights, ((0, 0), (0, -depth % lanes)))
    parts: list[IntArray] = []
    for first in (group + block for group in range(0, count, size) for block in range(0, size, _BLOCK)):
        rows = slice(first, min(first + _BLOCK, first // size * size + size))
        bias, vectors = np.pad(channels.bias[rows], (0, _BLOCK - len(padded[rows]))), padded[rows]
        if bits == 4:
            bias, vectors = bias + 16 * np.array([0, bias[0], 0, bias[2]]), _two_a_byte(vectors)
        vectors = vectors.reshape(len(vectors), -1, lanes).transpose(1, 0, 2)
        parts += [
            as_words(bias),
            np.ascontiguousarray(vectors).reshape(-1).view(np.dtype("<i4")).astype(np.int32),
            _four(channels.multiplier[rows]),
            _four(channels.shift[rows]),
        ]
    return Constant("weights", np.concatenate(parts))


def _two_a_byte(rows: IntArray) -> IntArray:
    """Rows of int4: even ones in the high nibbles, odd ones plus 8 in the low ones."""
    even = np.pad(rows, ((0, len(rows) % 2), (0, 0))).astype(np.int64)
    packed: IntArray = (16 * even[::2] + even[1::2] + 8).astype(np.int8)
    return packed


def _four(values: IntArray) -> IntArray:
    return as_words(np.pad(values, (0, _BLOCK - len(values))))


def instructions(pairs: int, singles: int, depth: int, output_c: int) -> float:
    """Instructions of the matrix product over pairs of columns and single ones. Calibrated by counting."""
    full, rest = divmod(output_c, _BLOCK)
    count = chunks(depth)
    two = 14 * count + 33 + (0 if count <= _UNROLLED else 4 + count // 2)
    one = 10 * count + 20

    def left(columns: int) -> float:
        return columns * ((2 * rest + 2) * count + 28) if rest else 0.0

    return pairs * (full * two + left(2) + 12) + singles * (full * one + left(1) + 8)
