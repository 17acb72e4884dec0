"""The weight stream of kernels_cmsis/dsp/gemm.h, and the instructions that its matrix product takes."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from mcugen.kernels.base import Constant
from mcugen.kernels.requantization import PackedChannels

MAX_COLUMNS = 3


def columns_at_once(columns: int) -> int:
    """Columns of a block of the matrix product, for a layer with that many columns altogether."""
    return min(columns, MAX_COLUMNS)


def channels_at_once(columns: int) -> int:
    return 4 if columns == 1 else 2


def quads(depth: int) -> int:
    """Words of four inputs."""
    return -(-depth // 4)


def scratch_bytes(columns: int, depth: int) -> int:
    """The widened columns: int16, the depth rounded up to whole words of bytes."""
    return columns_at_once(columns) * 8 * quads(depth)


def weight_stream(channels: PackedChannels, columns: int) -> Constant:
    """Everything the matrix product reads, as one array of words; see gemm.h for the order."""
    depth = channels.weights.shape[1]
    padded = np.pad(channels.weights, ((0, 0), (0, 4 * quads(depth) - depth)))
    words = np.ascontiguousarray(padded).view(np.dtype("<u4"))
    block = channels_at_once(columns)
    parts: list[npt.NDArray[np.uint32]] = []
    for first in range(0, len(words), block):
        rows = slice(first, min(first + block, len(words)))
        parts += [
            as_words(channels.bias[rows]),
            words[rows].T.reshape(-1).astype(np.uint32),
            as_words(channels.multiplier[rows]),
            bytes_as_word(channels.shift[rows]),
        ]
    return Constant("weights", np.concatenate(parts))


def as_words(values: npt.NDArray[np.int64]) -> npt.NDArray[np.uint32]:
    """Modulo 2**32."""
    return (values & 0xFFFFFFFF).astype(np.uint32)


def bytes_as_word(values: npt.NDArray[np.int64]) -> npt.NDArray[np.uint32]:
    """Up to four bytes as one word, the first one lowest."""
    return np.array([sum((int(v) & 0xFF) << (8 * i) for i, v in enumerate(values))], np.uint32)


def instructions(columns: int, depth: int, output_c: int) -> float:
    """Instructions of the matrix product, without making the columns. Calibrated by counting on a Cortex-M4."""
    block = columns_at_once(columns)
    pair = channels_at_once(columns)
    step = pair // 2 + 2 * pair + block * (1 + 2 * pair)
    per_block = quads(depth) * (step + 1) + pair * (5 * block + 4) + 16
    return -(-columns // block) * (-(-output_c // pair) * per_block + 20)
