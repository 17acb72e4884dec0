"""sigmoid and tanh of int16 as TFLM has them: one table of 256 values and linear interpolation.

The table holds 65536 * sigmoid(i / 24), so that 3 * x, for an x with 12 fractional bits, has 9 bits behind the place in
it, and tanh(x) = 2 sigmoid(2 x) - 1 has 8. Beyond the last place results are saturated. Source: the comments and
results of TensorFlow Lite `reference/integer_ops/logistic.h` and `tanh.h`; CMSIS-NN has the same table.
"""

from __future__ import annotations

from functools import lru_cache

import numpy as np
import numpy.typing as npt

Int64Array = npt.NDArray[np.int64]

PLACES = 256

_ROUNDED_UP = (
    *(4, 8, 12, 14, 15, 16, 17, 19, 20, 21, 22, 25, 27, 28, 29, 30, 31, 33, 34, 35, 37, 39),
    *(40, 41, 43, 44, 45, 46, 49, 50, 54, 62, 63, 64, 66, 82, 86, 93, 100, 103, 112, 116, 135, 255),
)
"""Places where TFLM's value is one above the nearest integer."""


@lru_cache(maxsize=1)
def sigmoid_table() -> npt.NDArray[np.uint16]:
    """uint16 of shape (256,): 65536 * sigmoid(i / 24), with TFLM's own roundings."""
    exact = 65536.0 / (1.0 + np.exp(-np.arange(PLACES) / 24.0))
    # No value is near a tie, so that every mathematics library gives the same table.
    values = np.floor(exact + 0.5)
    values[list(_ROUNDED_UP)] += 1
    return values.astype(np.uint16)


def _interpolated(magnitude: Int64Array, bits: int, beyond: int) -> Int64Array:
    """The table at magnitude / 2**bits, with `bits` more fractional bits; `beyond` at the last place and behind it."""
    values = sigmoid_table().astype(np.int64)
    place = np.minimum(magnitude >> bits, PLACES - 1)
    first, second = values[np.minimum(place, PLACES - 2)], values[np.minimum(place, PLACES - 2) + 1]
    part = magnitude & ((1 << bits) - 1)
    return np.where(place >= PLACES - 1, beyond, (first << bits) + part * (second - first))


def sigmoid_int16(thirds: npt.ArrayLike) -> Int64Array:
    """32768 * sigmoid(x), within int16.

    Args:
        thirds: 3 * x with 12 fractional bits.
    """
    x = np.asarray(thirds, np.int64)
    value = _interpolated(np.abs(x), 9, 0x7FFF << 10)
    result: Int64Array = np.where(x >= 0, value + 512, (1 << 25) - value + 511) >> 10
    return result


def tanh_int16(thirds: npt.ArrayLike) -> Int64Array:
    """32768 * tanh(x), within int16; argument as in `sigmoid_int16`."""
    x = np.asarray(thirds, np.int64)
    value = _interpolated(np.abs(x), 8, 0xFFFF << 8) - (1 << 23)
    result: Int64Array = np.where(x >= 0, value + 128, -value + 127) >> 8
    return result
