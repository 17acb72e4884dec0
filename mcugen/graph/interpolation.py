"""Functions of int16 by interpolation: 513 values at every 128th integer, and straight lines between them.

Source: TensorFlow Lite `LUTLookup` and `LUTPopulate` of `kernels/internal/common.h`, whose bits `look_up` and
`litert_entries` give.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import numpy.typing as npt

from mcugen.graph.tensor import IntArray, Quantization

FloatFunction = Callable[[npt.NDArray[np.float64]], npt.NDArray[np.float64]]

SEGMENTS = 512
SEGMENT = 128
"""Integers from one entry to the next."""
ENTRIES = SEGMENTS + 1
GRID = (np.arange(ENTRIES) - SEGMENTS // 2) * SEGMENT
"""The integers of the entries; the last is one more than the largest int16."""

# As for tables of int8: float64 results are first rounded to so many bits of a step: no library's last bits show.
_FRACTIONAL_BITS = 20


def look_up(x: npt.NDArray[np.int64], entries: npt.NDArray[np.int64]) -> npt.NDArray[np.int64]:
    """The line between two entries at each int16 `x`, rounded to nearest, ties up."""
    index, offset = (x >> 7) + SEGMENTS // 2, x & (SEGMENT - 1)
    base = entries[index]
    result: npt.NDArray[np.int64] = base + (((entries[index + 1] - base) * offset + SEGMENT // 2) >> 7)
    return result


def entries_of(function: FloatFunction, x: Quantization, out: Quantization) -> tuple[int, ...]:
    """The 513 entries of a real function between two symmetric int16 quantizations.

    `look_up` is then within 1 + m steps of the exact result where m is how far the function is from the straight lines
    between its own values on `GRID`, in output steps: at most 2048 times its largest second derivative by input steps.

    Args:
        function: element-wise, float64; may give infinities, which saturate.

    Returns:
        function(integer * scale) / output scale in float64, rounded to nearest (ties away from zero), saturated.
        Where it has no value at 0 (x / x, x log x), its limit.

    Raises:
        ValueError: the function has no value (NaN) at an input that the table must hold; names the input.
    """
    real = GRID.astype(np.float64) * x.scale
    values = _values(function, real, x.scale)
    if np.isnan(values).any():
        raise ValueError(f"it has no value at {real[np.isnan(values)][0]:g}, which its input can take")
    low, high = out.integer_range
    steps = np.clip(values / out.scale, 4.0 * low, 4.0 * high)
    steps = np.rint(steps * 2.0**_FRACTIONAL_BITS) / 2.0**_FRACTIONAL_BITS
    rounded = np.trunc(steps + np.copysign(0.5, steps))
    return tuple(int(v) for v in np.clip(rounded, low, high))


def _values(function: FloatFunction, real: npt.NDArray[np.float64], scale: float) -> npt.NDArray[np.float64]:
    values = np.asarray(function(real), np.float64).copy()
    for beside in (2.0**-30, -(2.0**-30)):
        gaps = np.isnan(values) & (real == 0)
        values = np.where(gaps, function(np.where(gaps, beside * scale, real)), values)
    return values


def furthest(
    function: FloatFunction, x: Quantization, out: Quantization, entries: tuple[int, ...]
) -> tuple[float, float]:
    """Where `look_up` is furthest from the function, as far as the output can hold it: (input, output steps).

    Args:
        function, x, out: of `entries_of`, which made the entries.
    """
    integers = np.arange(-32768, 32768)
    real = integers.astype(np.float64) * x.scale
    wanted = np.clip(_values(function, real, x.scale) / out.scale, *out.integer_range)
    error = np.nan_to_num(np.abs(look_up(integers, np.asarray(entries, np.int64)) - wanted))
    worst = int(error.argmax())
    return float(real[worst]), float(error[worst])


def litert_entries(function: FloatFunction, scale: float, zero_point: int, out_scale: float) -> IntArray:
    """The 513 entries that LiteRT makes of a function, int16, for an output with the zero point 0.

    Each is the function's value, less half of the line's error in the middle of the segment that begins there; all in
    float32, at distances of the range / 512 (which is not quite 128 steps).

    Args:
        function: element-wise; its results are rounded to float32.
        scale, zero_point: of the input.
        out_scale: of the output.
    """
    f32 = np.float32
    low, high = -32768, 32767

    def at(value: npt.NDArray[np.float32]) -> npt.NDArray[np.float32]:
        return np.asarray(function(value.astype(np.float64)), np.float64).astype(f32)

    def rounded(value: npt.NDArray[np.float32]) -> npt.NDArray[np.float32]:
        return np.trunc(value.astype(np.float64) + np.copysign(0.5, value)).astype(f32)

    least, most = f32(scale) * f32(low - zero_point), f32(scale) * f32(high - zero_point)
    step = (most - least) / f32(SEGMENTS)
    inverse = f32(high - low + 1) / (f32(out_scale) * f32(high) - f32(out_scale) * f32(low))
    place = np.arange(SEGMENTS).astype(f32)
    here, there = at(least + place * step), at(least + (place + f32(1)) * step)
    middle = at(least + place * step + step / f32(2))
    line = rounded((there * inverse + rounded(here * inverse)) / f32(2))
    bias = rounded((line - rounded(middle * inverse)) / f32(2))
    last = rounded(at(np.array([most], f32)) * inverse)
    entries = np.concatenate([rounded(here * inverse) - bias, last])
    result: IntArray = np.clip(entries, low, high).astype(np.int16)
    return result
