"""Samples that are scaled otherwise than those a model was calibrated with: the commonest mistake in front of one.

What the calibration samples of each input look like stands in the manifest. Samples are compared with it by their
mean and deviation; where another scaling of the usual ones fits them and they do not fit as they are, it is named.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from mcugen.emit.manifest import Manifest
from mcugen.graph.statistics import Statistics, statistics

FITS = 0.5
"""Distance up to which two sets of samples may be of one kind; see `_distance`."""

STRANGE = 1.0
"""Distance from which they are not."""

BEYOND = 3.0
"""So many times further than calibration reached, values are wrong whatever they stand for."""

FEW = 8
"""With fewer samples, a mean elsewhere may be theirs alone."""


@dataclass(frozen=True)
class _Scaling:
    """What may have been left out, or done too much: value * factor + offset."""

    factor: float
    offset: float
    words: str

    def of(self, seen: Statistics) -> Statistics:
        ends = (seen.low * self.factor + self.offset, seen.high * self.factor + self.offset)
        return Statistics(
            min(ends), max(ends), seen.mean * self.factor + self.offset, seen.deviation * abs(self.factor)
        )


_USUAL = (
    _Scaling(1 / 255, 0, "divided by 255"),
    _Scaling(255, 0, "multiplied by 255"),
    _Scaling(1 / 127.5, -1, "divided by 127.5, less 1"),
    _Scaling(127.5, 127.5, "multiplied by 127.5, plus 127.5"),
    _Scaling(2, -1, "multiplied by 2, less 1"),
    _Scaling(0.5, 0.5, "divided by 2, plus 0.5"),
    _Scaling(1, -128, "less 128"),
    _Scaling(1, 128, "plus 128"),
    _Scaling(1 / 128, 0, "divided by 128"),
    _Scaling(128, 0, "multiplied by 128"),
    _Scaling(1 / 32768, 0, "divided by 32768"),
    _Scaling(32768, 0, "multiplied by 32768"),
    _Scaling(-1, 0, "with the other sign"),
)


def doubts(samples: Mapping[str, npt.NDArray[np.generic]], manifest: Manifest) -> list[str]:
    """A sentence for each input of a module whose samples are scaled otherwise than the calibration's.

    Args:
        samples: by input name, (samples, *shape), a first axis of 1 in the shape left out or not; integers are taken
            to be quantized, and right.
    """
    found = []
    for port in manifest.inputs:
        seen = None if port.calibration is None else Statistics(**port.calibration.model_dump())
        array = samples[port.name]
        found += doubts_of_input(port.name, array.reshape(len(array), *port.shape), seen)
    return found


def doubts_of_input(name: str, samples: npt.NDArray[np.generic], seen: Statistics | None) -> list[str]:
    """As `doubts`, of one input; `samples` with a first axis of 1 in the shape."""
    if seen is None or samples.dtype.kind != "f" or not np.isfinite(samples).all():
        return []
    reason = doubt(statistics(samples), seen, len(samples))
    return [] if reason is None else [f"input {name!r}: {reason}"]


def doubt(given: Statistics, seen: Statistics, samples: int) -> str | None:
    """Why samples are not scaled as those of the calibration were; None where they may be.

    Args:
        given, seen: of the samples and of the calibration's.
        samples: how many were given.
    """
    if given.deviation == 0 or seen.deviation == 0:
        return None
    best = min(_USUAL, key=lambda one: _distance(one.of(given), seen))
    distance, after = _distance(given, seen), _distance(best.of(given), seen)
    outside = given.reach > BEYOND * seen.reach or given.reach * BEYOND**2 < seen.reach
    if samples >= FEW and distance > FITS and _swapped(given, seen):
        return f"{_lie(given, seen)}: as if mean and standard deviation were swapped in (value - mean) / deviation"
    # What is certainly wrong needs a likely reason, what may be right a certain one.
    convincing = after < STRANGE if outside else samples >= FEW and after < FITS
    if distance > STRANGE and convincing and _within(best.of(given), seen):
        return f"{_reached(given, seen)}: {best.words} they would fit"
    if outside:
        return f"{_reached(given, seen)}: {_times(seen.deviation / given.deviation)} they would spread alike"
    if samples >= FEW and distance > STRANGE:
        return f"{_lie(given, seen)}: check what is done to values before the model"
    if samples >= FEW and _reversed(given, seen):
        return "the channels look like the calibration's in reverse order (BGR for RGB, or the other way round)"
    return None


def _distance(a: Statistics, b: Statistics) -> float:
    """Between means, in deviations of the second, and between deviations, as the logarithm of their ratio."""
    return abs(a.mean - b.mean) / b.deviation + abs(math.log(a.deviation / b.deviation))


def _within(a: Statistics, b: Statistics) -> bool:
    """Whether the one stays in the range of the other, with some room."""
    room = 0.5 * (b.high - b.low)
    return a.low >= b.low - room and a.high <= b.high + room


def _swapped(given: Statistics, seen: Statistics) -> bool:
    """(x - deviation) / mean has mean 1 - d and deviation d where (x - mean) / deviation has 0 and 1."""
    normalised = abs(seen.mean) < 0.25 and 0.75 < seen.deviation < 1.33
    if given.channel_means:
        pairs: Sequence[tuple[float, float]] = list(zip(given.channel_means, given.channel_deviations, strict=True))
    else:
        pairs = [(given.mean, given.deviation)]
    return normalised and all(abs(mean + deviation - 1) < 0.15 for mean, deviation in pairs)


def _reversed(given: Statistics, seen: Statistics) -> bool:
    if len(given.channel_means) != 3 or len(seen.channel_means) != 3:
        return False
    forward = _apart(given.channel_means, seen)
    backward = _apart(given.channel_means[::-1], seen)
    return forward > 0.5 and backward < 0.25 * forward


def _apart(means: Sequence[float], seen: Statistics) -> float:
    """The largest distance of two channels' means, in deviations of all values."""
    return max(abs(a - b) for a, b in zip(means, seen.channel_means, strict=True)) / seen.deviation


def _reached(given: Statistics, seen: Statistics) -> str:
    return (
        f"samples reach from {given.low:.4g} to {given.high:.4g}, calibration reached from {seen.low:.4g} to "
        f"{seen.high:.4g}"
    )


def _lie(given: Statistics, seen: Statistics) -> str:
    return (
        f"samples have mean {given.mean:.3g} and deviation {given.deviation:.3g}, calibration had "
        f"{seen.mean:.3g} and {seen.deviation:.3g}"
    )


def _times(factor: float) -> str:
    return f"multiplied by about {factor:.2g}" if factor >= 1 else f"divided by about {1 / factor:.2g}"
