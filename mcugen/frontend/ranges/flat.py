"""The part of a value's range in which the function that reads it changes at all.

hardswish is 0 below -3, sigmoid is next to 1 above 8: integers spent on what lies beyond are lost to the rest. Values
outside saturate, and the function's result is the same.
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
        (low, high), each moved inwards as long as the function stays within an eighth of an output step of what it is
        at that end; zero stays inside. Unmoved where the function has no finite values.
    """
    low, high = min(low, 0.0), max(high, 0.0)
    places = np.linspace(low, high, _POINTS)
    with np.errstate(all="ignore"):
        values = np.asarray(function(places), np.float64)
    if not np.isfinite(values).all() or low == high:
        return low, high
    tolerance = _TOLERANCE * float(values.max() - values.min())
    if tolerance == 0:
        return low, high
    from_below = int(np.argmax(np.abs(values - values[0]) > tolerance)) - 1
    from_above = int(np.argmax(np.abs(values - values[-1])[::-1] > tolerance)) - 1
    return min(float(places[from_below]), 0.0), max(float(places[_POINTS - 1 - from_above]), 0.0)
