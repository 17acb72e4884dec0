"""Biases and scales of output channels: ten bytes each, 40 bits of signed bias, 32 of multiplier, 6 of shift.

On U85, 32 bits of bias and 31 of multiplier, or with accumulators of 48 bits, 48 and 15; then 6 bits of shift.

Source: `weight_compressor.encode_bias` of Arm's Vela 5.2, `ethos_u85_weight_encoder.cpp` for U85.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import numpy.typing as npt

ENTRY = 10
_ENTRY = np.dtype([("bias_low", "<u4"), ("bias_high", "i1"), ("multiplier", "<u4"), ("shift", "u1")])


_NARROW = np.dtype([("bias", "<i4"), ("multiplier", "<u4"), ("shift", "u1"), ("rest", "u1")])
_WIDE = np.dtype([("bias_low", "<u4"), ("bias_high", "<i2"), ("multiplier", "<u2"), ("shift", "u1"), ("rest", "u1")])


class Scales(NamedTuple):
    """Per output channel: what is added to the sum, and multiplier · 2^−shift."""

    bias: npt.NDArray[np.int64]
    multiplier: npt.NDArray[np.int64]
    shift: npt.NDArray[np.int64]


def read_scales(data: bytes) -> Scales:
    """The scales in a whole number of entries."""
    entries = np.frombuffer(data, _ENTRY)
    bias = (entries["bias_high"].astype(np.int64) << 32) + entries["bias_low"]
    return Scales(bias, entries["multiplier"].astype(np.int64), (entries["shift"] & 63).astype(np.int64))


def read_narrow_scales(data: bytes) -> Scales:
    """The scales in a whole number of entries of a U85 with accumulators of 32 bits."""
    entries = np.frombuffer(data, _NARROW)
    multiplier = (entries["multiplier"] & 0x7FFFFFFF).astype(np.int64)
    return Scales(entries["bias"].astype(np.int64), multiplier, (entries["shift"] & 63).astype(np.int64))


def read_wide_scales(data: bytes) -> Scales:
    """The same with accumulators of 48 bits."""
    entries = np.frombuffer(data, _WIDE)
    bias = (entries["bias_high"].astype(np.int64) << 32) + entries["bias_low"]
    multiplier = (entries["multiplier"] & 0x7FFF).astype(np.int64)
    return Scales(bias, multiplier, (entries["shift"] & 63).astype(np.int64))


def interleave(cores: list[Scales]) -> Scales:
    """The scales of all channels from those of each core, which take turns."""
    count = sum(len(core.bias) for core in cores)
    result = Scales(*(np.zeros(count, np.int64) for _ in Scales._fields))
    for number, core in enumerate(cores):
        for target, values in zip(result, core, strict=True):
            target[number :: len(cores)] = values
    return result
