"""Four-bit integers, two a byte."""

from __future__ import annotations

import numpy as np

from mcugen.graph.tensor import IntArray


def pack_nibbles(values: IntArray) -> IntArray:
    """Integers of -8 to 7 in row-major order, two a byte, the first one in the low four bits: how LiteRT stores int4.

    The last byte of an odd count has 0 in its high bits.

    Returns:
        (ceil(values.size / 2),) int8.
    """
    flat = np.asarray(values, np.int8).reshape(-1)
    even = np.pad(flat, (0, flat.size % 2)).view(np.uint8) & 0xF
    packed: IntArray = (even[::2] | even[1::2] << 4).astype(np.uint8).view(np.int8)
    return packed


def unpack_nibbles(packed: IntArray, count: int) -> IntArray:
    """The first `count` integers of what `pack_nibbles` made: (count,) int8."""
    raw = np.asarray(packed, np.int8).reshape(-1)
    pairs = np.stack([raw << 4 >> 4, raw >> 4], axis=1)
    values: IntArray = pairs.reshape(-1)[:count]
    return values
