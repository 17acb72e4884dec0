"""The NPU's scaling and rounding: sum · multiplier · 2^−shift.

Source: the modes are named in `ethos_u55_regs.py` and told in `api.py` of Arm's Vela 5.2 (TFL: as TensorFlow Lite,
TRUNCATE: towards zero, NATURAL: halves up); TFL and NATURAL were compared with TensorFlow Lite's reference kernels.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import numpy.typing as npt

Integers = npt.NDArray[np.int64]
_LOW = 31  # double rounding: the shift of TensorFlow Lite's doubling high multiplication


def half_up(value: Integers, shift: Integers | int) -> Integers:
    """value · 2^−shift, halves to the greater; shifts go along the last axis."""
    return value + _half(shift) >> shift


def half_away(value: Integers, shift: Integers | int) -> Integers:
    """value · 2^−shift, halves away from zero; shifts go along the last axis."""
    half = _half(shift)
    return value + half - ((value < 0) & (half > 0)) >> shift


def _half(shift: Integers | int) -> Integers:
    shift = np.asarray(shift, np.int64)
    return np.where(shift > 0, np.left_shift(1, np.maximum(shift - 1, 0)), 0)


def double_rounding(value: Integers, shift: Integers | int) -> Integers:
    """TFL, as register value DBL: halves up at bit 31, then halves away from zero for the rest."""
    low = np.minimum(shift, _LOW)
    return half_away(half_up(value, low), shift - low)


def towards_zero(value: Integers, shift: Integers | int) -> Integers:
    """value · 2^−shift without its fraction; shifts go along the last axis."""
    return np.where(value < 0, -(-value >> shift), value >> shift)


ROUNDING: dict[str, Callable[[Integers, Integers | int], Integers]] = {
    "DBL": double_rounding,
    "NATURAL": half_up,
    "TRUNCATE": towards_zero,
}
"""The rounding modes whose results are known, by the register's value."""


def rescale(value: Integers, multiplier: Integers | int, shift: Integers | int, mode: str) -> Integers:
    """value · multiplier · 2^−shift, rounded.

    Args:
        value: any shape; where multiplier and shift are arrays, they go along its last axis.
        mode: a key of ROUNDING.
    """
    if _largest(value) * int(np.max(multiplier)) >= 1 << 62:
        value = value.astype(object)  # beyond 64 bits; exact, and rare
    return ROUNDING[mode](value * multiplier, shift)


def _largest(value: Integers) -> int:
    return max(int(value.max(initial=0)), -int(value.min(initial=0)))
