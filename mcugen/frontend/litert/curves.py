"""The 256 entries of functions of one int8 tensor, as TensorFlow Lite Micro computes them.

TensorFlow Lite Micro rounds most of them more than once, in fixed point or in float32; each function here says how.
Where it has none for int8, LiteRT's way is taken: a table of float32 results, each rounded once.
"""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np
import numpy.typing as npt

from mcugen.graph.arithmetic import (
    multiply_by_quantized_multiplier,
    quantize_multiplier,
    rounding_divide_by_pot,
)
from mcugen.graph.fixed_point import inverse_square_root, logistic, tanh
from mcugen.graph.interpolation import litert_entries
from mcugen.graph.ops.elementwise.table import ELEMENTS
from mcugen.graph.tensor import Tensor

Entries = tuple[int, ...]
Float32 = npt.NDArray[np.float32]
Function = Callable[[Float32], Float32]


def _entries(values: npt.ArrayLike, out: Tensor) -> Entries:
    """Integers with the zero point in them, saturated."""
    low, high = out.integer_range
    return tuple(int(v) for v in np.clip(np.asarray(values), low, high))


def _centred(x: Tensor) -> npt.NDArray[np.int64]:
    return ELEMENTS.astype(np.int64) - x.zero_point


def in_float32(function: Function, x: Tensor, out: Tensor) -> Entries:
    """All in float32: dequantized, the function, times the reciprocal of the output's scale.

    Rounded half away from zero. Where the function has no value, the lowest integer.
    """
    with np.errstate(all="ignore"):
        real = np.float32(x.scale) * _centred(x).astype(np.float32)
        steps = function(real).astype(np.float32) * (np.float32(1.0) / np.float32(out.scale))
    wide = np.clip(np.nan_to_num(steps.astype(np.float64), nan=-1e9, posinf=1e9, neginf=-1e9), -1e9, 1e9)
    rounded = np.trunc(wide + np.copysign(0.5, wide))
    return _entries(rounded + out.zero_point, out)


def of_int16(function: Function, x: Tensor, out: Tensor) -> Entries:
    """The 513 entries that LiteRT makes of a function of int16; where it has no value, the lowest integer.

    Source: LiteRT's EXP, GELU and LOG of int16.
    """
    lowest, highest = (float(end * np.float32(out.scale)) for end in out.integer_range)
    # Far beyond the output's range is as good as infinite, and overflows nothing.
    far = 4.0 * highest

    def known(real: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
        with np.errstate(all="ignore"):
            values = function(real.astype(np.float32)).astype(np.float64)
        return np.clip(np.nan_to_num(values, nan=lowest, posinf=far, neginf=lowest), -far, far)

    return tuple(litert_entries(known, x.scale, x.zero_point, out.scale).tolist())


def slope_of(slope: float, x: Tensor, out: Tensor) -> float:
    """Output integers for each input integer where real numbers have this slope; LiteRT has it in float32."""
    return float(np.float32(slope)) * x.scale / out.scale


def rescaled(x: Tensor, out: Tensor, slopes: tuple[float, float] = (1.0, 1.0)) -> Entries:
    """A slope for negative and one for other inputs, each a multiplier made of a quotient of scales in float64.

    A negative slope negates the result of a positive one.
    """
    ratios = [slope_of(slope, x, out) for slope in slopes]
    value = _centred(x)
    signed = []
    for ratio in ratios:
        scaled = multiply_by_quantized_multiplier(value, *quantize_multiplier(abs(ratio)))
        signed.append(scaled if ratio >= 0 else -scaled)
    return _entries(np.where(value >= 0, signed[1], signed[0]) + out.zero_point, out)


def absolute(x: Tensor, out: Tensor) -> Entries:
    """The magnitude, rescaled by a quotient of scales in float64; not at all where they are equal."""
    value = np.abs(_centred(x))
    if x.scale != out.scale:
        value = multiply_by_quantized_multiplier(value, *quantize_multiplier(x.scale / out.scale))
    return _entries(value + out.zero_point, out)


def sigmoid(x: Tensor, out: Tensor) -> Entries:
    """gemmlowp's logistic function of Q4.27, rounded to 1/256; saturated beyond the range of Q4.27."""
    value, inside, fixed = _in_q4(x)
    shares = rounding_divide_by_pot(logistic(fixed), 23) - 128
    return _entries(np.where(inside, shares, np.where(value < 0, -128, 127)), out)


def hyperbolic_tangent(x: Tensor, out: Tensor) -> Entries:
    """gemmlowp's tanh of Q4.27, rounded to 1/128; saturated beyond the range of Q4.27."""
    value, inside, fixed = _in_q4(x)
    return _entries(np.where(inside, rounding_divide_by_pot(tanh(fixed), 24), np.where(value < 0, -128, 127)), out)


def _in_q4(x: Tensor) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.bool_], npt.NDArray[np.int64]]:
    """(integers without zero point, whether they are within 15 in real numbers, their values in Q4.27)."""
    value = _centred(x)
    multiplier, shift = quantize_multiplier(x.scale * 2.0**27)
    radius = math.floor(15.0 * 2.0**27 / 2.0**shift)
    inside = np.abs(value) < radius
    return value, inside, multiply_by_quantized_multiplier(np.where(inside, value, 0), multiplier, shift)


def hard_swish(x: Tensor, out: Tensor) -> Entries:
    """In 16 bits: the input times 128 on the scale of the output, times a factor of 0 to 1.

    The factor is the input with -3 to 3 as -32768 to 32767, brought to 0 to 1. The product is cut towards zero, then
    shifted with rounding.

    Source: TensorFlow Lite's hard swish of quantized tensors.

    Raises:
        ValueError: the output's scale is finer than the input's over 128, which it does not take.
    """
    fine = np.float32(1.0 / 128.0) * np.float32(x.scale)
    to_out, out_shift = _short_multiplier(float(fine / np.float32(out.scale)))
    to_factor, factor_shift = _short_multiplier(float(fine / (np.float32(3.0) / np.float32(32768.0))))
    if out_shift > 0:
        raise ValueError(f"the output's scale {out.scale:g} is too fine for the input's, {x.scale:g}")
    hires = _short(_centred(x) * 128, wrap=True)
    value = _high(hires, to_out)
    factor = hires
    if factor_shift > 0:
        factor = _short(factor << min(factor_shift - 1, 40))
    factor = _high(factor, to_factor)
    if factor_shift > 0:
        factor = _short(factor << 1)
    if factor_shift < 0:
        factor = rounding_divide_by_pot(factor, min(-factor_shift, 31))
    factor = (factor + (1 << 15)) >> 1
    product = np.trunc(factor * value / 32768.0).astype(np.int64)
    return _entries(rounding_divide_by_pot(product, min(-out_shift, 31)) + out.zero_point, out)


def _short_multiplier(real: float) -> tuple[int, int]:
    """(15-bit multiplier, shift): that of 31 bits, rounded, saturated."""
    multiplier, shift = quantize_multiplier(real)
    return (32767 if multiplier >= (1 << 31) - (1 << 15) else (multiplier + (1 << 15)) >> 16), shift


def _short(x: npt.NDArray[np.int64], *, wrap: bool = False) -> npt.NDArray[np.int64]:
    """As int16: saturated, or its low bits."""
    return x.astype(np.int16).astype(np.int64) if wrap else np.clip(x, -32768, 32767)


def _high(x: npt.NDArray[np.int64], multiplier: int) -> npt.NDArray[np.int64]:
    """x * multiplier / 2**15, rounded half away from zero for gemmlowp: a nudge by sign, then cut towards zero."""
    product = x * multiplier
    nudged = product + np.where(product >= 0, 1 << 14, 1 - (1 << 14))
    return np.trunc(nudged / 32768.0).astype(np.int64)


_RSQRT_BITS = 20


def inverse_root(x: Tensor, out: Tensor) -> Entries:
    """1 / sqrt of the integer with 20 fractional bits, then rescaled; 0 gives the largest integer.

    Negative inputs are an error in TensorFlow Lite Micro while it runs; here they give what 0 gives.
    """
    root = float(np.sqrt(np.float32(x.scale)) * np.float32(out.scale))
    multiplier, shift = quantize_multiplier(1.0 / root)
    entries = []
    for value in _centred(x).tolist():
        if value <= 0:
            entries.append(out.integer_range[1])
            continue
        inverse, inverse_shift = inverse_square_root(value)
        data = multiply_by_quantized_multiplier(1, inverse, inverse_shift + _RSQRT_BITS)
        entries.append(int(multiply_by_quantized_multiplier(data, multiplier, shift - _RSQRT_BITS)) + out.zero_point)
    return _entries(entries, out)
