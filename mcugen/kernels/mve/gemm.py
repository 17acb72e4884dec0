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


def weight_stream(channels: LaneChannels, groups: int = 1) -> Constant:
    """Everything the matrix product reads, as one array of words; see gemm.h for the order.

    Args:
        groups: of channels; blocks do not reach from one to the next.
    """
    count, depth = channels.weights.shape
    size = count // groups
    padded = np.pad(channels.weights, ((0, 0), (0, LANES * chunks(depth) - depth)))
    parts: list[IntArray] = []
    for first in (group + block for group in range(0, count, size) for block in range(0, size, _BLOCK)):
        rows = slice(first, min(first + _BLOCK, first // size * size + size))
        vectors = padded[rows].reshape(-1, chunks(depth), LANES).transpose(1, 0, 2)
        parts += [
            _four(channels.bias[rows]),
            np.ascontiguousarray(vectors).reshape(-1).view(np.dtype("<i4")).astype(np.int32),
            _four(channels.multiplier[rows]),
            _four(channels.shift[rows]),
        ]
    return Constant("weights", np.concatenate(parts))


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
