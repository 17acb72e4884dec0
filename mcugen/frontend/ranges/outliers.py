"""Which calibration samples reach much further than the others."""

from __future__ import annotations

SHARE = 8
"""The tail is what one sample in eight reaches."""

FEWEST = 8
"""Of samples, to tell anything from."""

OUTLIER = 4.0
"""A sample that reaches so many times further than seven in eight do is an outlier."""


def kept_samples(lows: list[float], highs: list[float]) -> list[int]:
    """Indices of the samples that are no outliers, by the extremes of each."""
    reach = [max(-low, high) for low, high in zip(lows, highs, strict=True)]
    usual = sorted(reach)[len(reach) - 1 - len(reach) // SHARE]
    few = len(reach) < FEWEST or usual <= 0
    return [index for index, r in enumerate(reach) if few or r <= OUTLIER * usual]


def trim(lows: list[float], highs: list[float]) -> tuple[list[float], list[float]]:
    """The extremes of the samples that are no outliers."""
    kept = kept_samples(lows, highs) if lows else []
    return [lows[i] for i in kept], [highs[i] for i in kept]
