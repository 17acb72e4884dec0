"""What samples of an input look like: how far they reach, where they lie and how they spread."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

MOST_CHANNELS = 16
"""Inputs with more channels are described as a whole."""


@dataclass(frozen=True)
class Statistics:
    """Of all values of an input over all samples, in the units in which the samples are given.

    Attributes:
        low, high: the extremes.
        mean, deviation: the standard deviation.
        channel_means, channel_deviations: the same for each index of the shape's axis 1, where it has 2 to
            `MOST_CHANNELS` of them and axes behind it; else empty.
    """

    low: float
    high: float
    mean: float
    deviation: float
    channel_means: tuple[float, ...] = ()
    channel_deviations: tuple[float, ...] = ()

    @property
    def reach(self) -> float:
        """The largest magnitude."""
        return max(abs(self.low), abs(self.high))


def statistics(samples: npt.NDArray[Any]) -> Statistics:
    """Args:
    samples: (samples, *shape of the input, a first axis of 1 included), finite.
    """
    values = samples.astype(np.float64)
    means: tuple[float, ...] = ()
    deviations: tuple[float, ...] = ()
    if values.ndim > 3 and 2 <= values.shape[2] <= MOST_CHANNELS:
        rows = np.moveaxis(values, 2, 0).reshape(values.shape[2], -1)
        means = tuple(_short(v) for v in rows.mean(axis=1))
        deviations = tuple(_short(v) for v in rows.std(axis=1))
    return Statistics(
        low=_short(values.min()),
        high=_short(values.max()),
        mean=_short(values.mean()),
        deviation=_short(values.std()),
        channel_means=means,
        channel_deviations=deviations,
    )


def _short(value: float) -> float:
    """Six digits: what another order of additions changes is not written down."""
    return float(f"{value:.6g}")
