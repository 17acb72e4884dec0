"""Fixed-point arithmetic of the number contract: the one place in Python that defines requantization.

There are two forms. 32-bit accumulators take the whole Q31 multiplier and are rounded twice
(`multiply_by_quantized_multiplier`); 64-bit accumulators take its upper 16 bits and are rounded once
(`multiply_by_reduced_multiplier`).

Source: gemmlowp `fixedpoint/fixedpoint.h` and TensorFlow Lite `kernels/internal/common.h`
(`MultiplyByQuantizedMultiplier`, double rounding), which CMSIS-NN and TFLM follow by default.
"""

from __future__ import annotations

import math

import numpy as np
import numpy.typing as npt

Int64Array = npt.NDArray[np.int64]

INT32_MIN = -(2**31)
INT32_MAX = 2**31 - 1


def quantize_multiplier(real: float) -> tuple[int, int]:
    """Splits a positive real multiplier into a Q31 mantissa and a shift: real ~ multiplier * 2**(shift - 31).

    Returns:
        (multiplier, shift): multiplier in [2**30, 2**31), or (0, 0) when the value is too small to matter;
        a positive shift is a left shift.

    Source: TensorFlow Lite `QuantizeMultiplier`.
    """
    if real < 0 or not math.isfinite(real):
        raise ValueError(f"multiplier must be finite and not negative, got {real}")
    if real == 0.0:
        return 0, 0
    mantissa, shift = math.frexp(real)
    # C's std::round: half away from zero; the mantissa is positive.
    fixed = math.floor(mantissa * (1 << 31) + 0.5)
    if fixed == 1 << 31:
        fixed //= 2
        shift += 1
    if shift < -31:
        return 0, 0
    if shift > 30:
        return INT32_MAX, 30
    return fixed, shift


SATURATES_INT8 = 256.0
"""Any integer but 0, scaled by this or more, leaves the range of int8, whatever the zero point."""


def quantize_saturating_multiplier(real: float, bits: int) -> tuple[int, int]:
    """As `quantize_multiplier`, for results that end in integers of so many bits.

    Multipliers above 2**bits become that: every accumulator but 0 saturates either way.
    """
    return quantize_multiplier(min(real, float(1 << bits)))


def quantize_int8_multiplier(real: float) -> tuple[int, int]:
    """As `quantize_saturating_multiplier`, for int8: the left shift stays below 10."""
    return quantize_multiplier(min(real, SATURATES_INT8))


def saturating_rounding_doubling_high_mul(a: npt.ArrayLike, b: npt.ArrayLike) -> Int64Array:
    """round(a * b / 2**31) of int32 values, saturated where both are INT32_MIN."""
    product = np.asarray(a, dtype=np.int64) * np.asarray(b, dtype=np.int64)
    # gemmlowp's nudge followed by a division that truncates equals adding half and flooring.
    result: Int64Array = np.minimum((product + (1 << 30)) >> 31, INT32_MAX)
    return result


def rounding_divide_by_pot(x: npt.ArrayLike, exponent: npt.ArrayLike) -> Int64Array:
    """x / 2**exponent, rounded to nearest, ties away from zero; exponent in [0, 31]."""
    value = np.asarray(x, dtype=np.int64)
    e = np.asarray(exponent, dtype=np.int64)
    mask = (np.int64(1) << e) - 1
    threshold = (mask >> 1) + (value < 0)
    return (value >> e) + ((value & mask) > threshold)


def multiply_by_quantized_multiplier(x: npt.ArrayLike, multiplier: npt.ArrayLike, shift: npt.ArrayLike) -> Int64Array:
    """Requantizes int32 accumulators; all arguments broadcast.

    The left shift saturates. TFLM and CMSIS-NN do not define what it does beyond 32 bits (it wraps there); all others
    are their bits.
    """
    s = np.asarray(shift, dtype=np.int64)
    left = np.maximum(s, 0)
    right = np.maximum(-s, 0)
    shifted = np.clip(np.asarray(x, dtype=np.int64) << left, INT32_MIN, INT32_MAX)
    return rounding_divide_by_pot(saturating_rounding_doubling_high_mul(shifted, multiplier), right)


REDUCED_ACCUMULATOR = 1 << 47
"""`multiply_by_reduced_multiplier` takes magnitudes below this."""

MOST_REDUCED_SHIFT = 7
"""The largest shift that `multiply_by_reduced_multiplier` takes: real multipliers below 128."""


def reduced_multiplier(multiplier: npt.ArrayLike) -> Int64Array:
    """The upper 16 bits of a Q31 multiplier, rounded: Q15."""
    full = np.asarray(multiplier, dtype=np.int64)
    return np.where(full < 0x7FFF0000, (full + (1 << 15)) >> 16, 0x7FFF)


def multiply_by_reduced_multiplier(x: npt.ArrayLike, multiplier: npt.ArrayLike, shift: npt.ArrayLike) -> Int64Array:
    """Requantizes 64-bit accumulators: x * multiplier * 2**(shift - 31) with a multiplier of 16 bits, rounded once,
    ties up. All arguments broadcast.

    Args:
        x: magnitudes below `REDUCED_ACCUMULATOR`.
        multiplier, shift: of `quantize_multiplier`; shift up to `MOST_REDUCED_SHIFT`.

    Results beyond 32 bits saturate, where TFLM's wrap.

    Source: TensorFlow Lite `MultiplyByQuantizedMultiplier` of a 64-bit accumulator.
    """
    right = 15 - np.asarray(shift, dtype=np.int64)
    product = np.asarray(x, dtype=np.int64) * reduced_multiplier(multiplier)
    result: Int64Array = np.clip((product + (np.int64(1) << (right - 1))) >> right, INT32_MIN, INT32_MAX)
    return result
