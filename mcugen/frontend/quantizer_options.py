"""What a user may choose about quantization. Without torch, which takes seconds to import."""

from __future__ import annotations

import difflib
from dataclasses import dataclass
from typing import Literal

from mcugen.errors import InputError
from mcugen.frontend.precision.rules import EVERYTHING_INT8, Rules

Switch = Literal["auto", "on", "off"]
"""auto: tried, and kept where it gains."""

BEST = "best"
"""Stands for `COMPARED`."""

PERCENTILE = "percentile"
USUAL_PERCENTILE = 99.99

OBSERVERS = ("minmax", "moving-average", "histogram", PERCENTILE, "mse", "tail")
"""Ways to find the range of an activation; `mcugen.frontend.ranges.observers` says what each does."""


@dataclass(frozen=True)
class Observer:
    """A way to find ranges.

    Attributes:
        name: one of `OBSERVERS`.
        percentile: of `PERCENTILE` alone: the share of the values, in per cent, that stay below the upper end of the
            range, and as many above its lower end.
    """

    name: str
    percentile: float = USUAL_PERCENTILE

    def __str__(self) -> str:
        return f"{self.name}:{self.percentile:g}" if self.name == PERCENTILE else self.name


COMPARED = (Observer("tail"), Observer("histogram"))


@dataclass(frozen=True)
class QuantizerOptions:
    """How a float program is quantized.

    Attributes:
        observer: what `parse_observers` reads.
        equalize: whether channels of activations are brought to like ranges (`mcugen.frontend.ranges.equalize`).
        gptq: whether weights are rounded for results (`mcugen.frontend.fitting.gptq`, `joint`), not each to its nearest
            integer.
        bias_correction: whether biases take up the mean error of their channel (`mcugen.frontend.fitting`).
        rules: each layer's types (`precision`).
    """

    observer: str = BEST
    equalize: Switch = "auto"
    gptq: Switch = "auto"
    bias_correction: Switch = "auto"
    rules: Rules = EVERYTHING_INT8

    @property
    def observers(self) -> tuple[Observer, ...]:
        """Raises InputError as `parse_observers`."""
        return parse_observers(self.observer)


AUTOMATIC = QuantizerOptions()
"""What samples call for is tried, and what comes closest to the float program on them is kept."""

PLAIN = QuantizerOptions("minmax", equalize="off", gptq="off", bias_correction="off")
"""Ranges are the samples' extremes, and the program is taken as it is."""


def parse_observers(text: str) -> tuple[Observer, ...]:
    """Reads "best", or one or several of `OBSERVERS` with commas between them, such as "tail,percentile:99.9".

    Raises:
        InputError: there is no such observer, or a percentile is none.
    """
    found: list[Observer] = []
    for part in text.split(","):
        found += COMPARED if part.strip() == BEST else [_observer(part.strip())]
    return tuple(dict.fromkeys(found))


def _observer(text: str) -> Observer:
    name, colon, value = text.partition(":")
    if name not in OBSERVERS:
        near = difflib.get_close_matches(name.replace("_", "-"), (*OBSERVERS, BEST), n=1)
        guess = f"did you mean {near[0]}? " if near else ""
        raise InputError(
            f"there is no observer {name!r}", where="--observer", hint=f"{guess}one of {', '.join((BEST, *OBSERVERS))}"
        )
    if not colon:
        return Observer(name)
    if name != PERCENTILE:
        raise InputError(f"the observer {name} takes no number", where="--observer", hint=f"write {name}")
    try:
        percentile = float(value)
    except ValueError:
        percentile = 0.0
    if not 50 < percentile <= 100:
        raise InputError(
            f"{value!r} is no percentile of a range's end",
            where="--observer",
            hint="give more than 50, and 100 at most: percentile:99.9",
        )
    return Observer(name, percentile)
