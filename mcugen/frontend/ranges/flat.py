"""The part of a value's range in which the function that reads it has values, and changes at all.

hardswish is 0 below -3, sigmoid is next to 1 above 8: integers spent on what lies beyond are lost to the rest. Values
outside saturate, and the function's result is the same. The room that a range has beyond the samples may reach where
the function has no values, such as a logarithm's below 0; it ends there.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import numpy.typing as npt

Function = Callable[[npt.NDArray[np.float64]], npt.NDArray[np.float64]]

_POINTS = 4097

_TOLERANCE = 1 / 2048
"""Of the range of the results: an eighth of one of their steps."""


def needed_range(function: Function, low: float, high: float) -> tuple[float, float]:
    """The ends of a range without what is flat at either end.

    Args:
        function: element-wise.
        low, high: what the value takes.

    Returns:
        (low, high), each moved inwards to where the function has values (infinities are such), and on as long as it
        stays within an eighth of an output step of what it is at that end; zero stays inside. Unmoved where it has none
        in between.
    """
    low, high = min(low, 0.0), max(high, 0.0)
    places = np.linspace(low, high, _POINTS)
    with np.errstate(all="ignore"):
        values = np.asarray(function(places), np.float64)
    (known,) = np.nonzero(~np.isnan(values))
    if low == high or not known.size or known[-1] - known[0] + 1 != known.size:
        return low, high
    places, values = places[known], values[known]
    first, last = _changing(values)
    return min(float(places[first]), 0.0), max(float(places[last]), 0.0)


def _changing(values: npt.NDArray[np.float64]) -> tuple[int, int]:
    """The places between which values differ from those at either end."""
    tolerance = _TOLERANCE * float(values.max() - values.min())
    if not np.isfinite(tolerance) or tolerance == 0:
        return 0, len(values) - 1
    from_below = int(np.argmax(np.abs(values - values[0]) > tolerance)) - 1
    from_above = int(np.argmax(np.abs(values - values[-1])[::-1] > tolerance)) - 1
    return from_below, len(values) - 1 - from_above
