"""Fixed-point arithmetic of the number contract: the one place in Python that defines requantization.

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


def quantize_int8_multiplier(real: float) -> tuple[int, int]:
    """As `quantize_multiplier`, for results that end in int8.

    Multipliers above 256 become 256: every accumulator but 0 saturates either way, and the left shift stays below 10.
    """
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


def reduce_multiplier(multiplier: int, shift: int) -> tuple[int, int]:
    """A Q31 multiplier and its shift for 64-bit accumulators: (factor, bits), accumulator * factor / 2**bits.

    The factor has 15 bits. `shift` is at most 14.

    Source: TensorFlow Lite `MultiplyByQuantizedMultiplier(int64_t, ...)`.
    """
    return (multiplier + (1 << 15)) >> 16 if multiplier < 0x7FFF0000 else 0x7FFF, 15 - shift


def multiply_by_reduced_multiplier(x: npt.ArrayLike, factor: npt.ArrayLike, bits: npt.ArrayLike) -> Int64Array:
    """x * factor / 2**bits of accumulators within 48 bits, rounded once, ties up; see `reduce_multiplier`."""
    places = np.asarray(bits, np.int64)
    half = np.int64(1) << (places - 1)
    result: Int64Array = (np.asarray(x, np.int64) * np.asarray(factor, np.int64) + half) >> places
    return result
