"""The fast format of weights (U85): a header of 32 bytes, then a number of bits for each weight.

The header has two flags (plain, small palette), at bit 104 what plain weights are shifted by (8 bits, signed), and a
palette of 16 entries of nine bits, magnitude · 2 + sign. Plain weights have 8 bits, those of the small palette an
index of 2, others one of 4; the lowest bit comes first.

Source: `mlw_encode_fwd.cpp` of Arm's Vela 5.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from mcugen.ethosu.model.weights.stream import WeightStreamError

_HEADER = 32
_SHIFT_BIT, _PALETTE_BIT, _ENTRY_BITS, _ENTRIES = 104, 112, 9, 16


def decode_fast(data: bytes) -> npt.NDArray[np.int16]:
    """All weights of a stream, and what fills it up to 32 bytes.

    Raises:
        WeightStreamError: it is shorter than its header.
    """
    if len(data) < _HEADER:
        raise WeightStreamError(f"the weight stream of {len(data)} bytes ends inside its header")
    header = int.from_bytes(data[:_HEADER], "little")
    body = np.frombuffer(data[_HEADER:], np.uint8)
    if header & 1:
        shift = (header >> _SHIFT_BIT & 0xFF ^ 0x80) - 0x80
        return (body.view(np.int8).astype(np.int16) - shift).astype(np.int16)
    entries = [header >> _PALETTE_BIT + _ENTRY_BITS * n & (1 << _ENTRY_BITS) - 1 for n in range(_ENTRIES)]
    palette = np.array([-(e >> 1) if e & 1 else e >> 1 for e in entries], np.int16)
    width = 2 if header & 2 else 4
    places = np.arange(0, 8, width, dtype=np.uint8)
    return np.asarray(palette[(body[:, None] >> places & (1 << width) - 1).ravel()])
