"""The sigmoid and the tanh of recurrent layers: one table with linear interpolation.

Between -16 and 16 the table has a value each 1/32: `round(65536 * sigmoid(x)) - 32768`, limited to int16. A result is
`s = 65536 * sigmoid(x) - 32768`; since tanh(x) = 2 sigmoid(2x) - 1, the same `s` is 32768 * tanh(x / 2). Interpolation
(1/32**2 / 8 * 0.0963 = 0.77 of these units), the table's rounding (0.5) and that of the result (0.5) sum up to less
than two units: sigmoid is within 2**-15 of the exact one, tanh within 2**-14.
"""

from __future__ import annotations

from functools import lru_cache

import numpy as np
import numpy.typing as npt

Int64Array = npt.NDArray[np.int64]

LIMIT_BITS = 4
"""The table covers [-2**LIMIT_BITS, 2**LIMIT_BITS)."""

STEP_BITS = 5
"""Its steps are 2**-STEP_BITS."""

LEAST_PRECISION = STEP_BITS + 1
"""Fractional bits of an argument, at least; one more than the table's, since tanh takes half of its argument."""


@lru_cache(maxsize=1)
def table() -> npt.NDArray[np.int16]:
    """int16 of shape (1025,): the values at all steps, both ends included."""
    points = np.arange(-(1 << LIMIT_BITS + STEP_BITS), (1 << LIMIT_BITS + STEP_BITS) + 1) / (1 << STEP_BITS)
    exact = 65536.0 / (1.0 + np.exp(-points))
    # To 20 fractional bits first, so that the last bits of a mathematics library decide no tie.
    values = np.floor(np.rint(exact * 2.0**20) / 2.0**20 + 0.5) - 32768.0
    return np.clip(values, -32768, 32767).astype(np.int16)


def sigmoid(x: npt.ArrayLike, precision: int) -> Int64Array:
    """65536 * sigmoid(x / 2**precision) - 32768, which is 32768 * tanh(x / 2**(precision + 1)); within int16."""
    bits = precision - STEP_BITS
    values = table().astype(np.int64)
    shifted = np.asarray(x, np.int64) + (1 << LIMIT_BITS + precision)
    place = np.clip(shifted, 0, (2 << LIMIT_BITS + precision) - 1)
    index, part = place >> bits, place & ((1 << bits) - 1)
    weighted = values[index] * ((1 << bits) - part) + values[index + 1] * part
    result: Int64Array = (weighted + (1 << bits >> 1)) >> bits
    return result
