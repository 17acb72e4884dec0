"""What charts share: their area, ticks, dots. Geometry alone, in SVG units; the template draws it."""

from __future__ import annotations

import math
from dataclasses import dataclass

WIDTH, HEIGHT = 960.0, 320.0
LEFT, RIGHT, TOP, BOTTOM = 64.0, 12.0, 10.0, 40.0
"""Margins around the area of a chart."""


@dataclass(frozen=True)
class Tick:
    at: float
    label: str


@dataclass(frozen=True)
class Chart:
    """Axes around what is drawn. `left` to `right`, `top` to `bottom`: the area inside them."""

    x_ticks: tuple[Tick, ...]
    y_ticks: tuple[Tick, ...]
    x_title: str
    y_title: str
    width: float = WIDTH
    height: float = HEIGHT
    left: float = LEFT
    right: float = WIDTH - RIGHT
    top: float = TOP
    bottom: float = HEIGHT - BOTTOM


@dataclass(frozen=True)
class Dot:
    x: float
    y: float
    radius: float
    label: str
    layer: int


class LogScale:
    """A logarithmic axis with some room at both ends."""

    def __init__(self, low: float, high: float, start: float, end: float) -> None:
        self.low, self.high = math.log10(low) - 0.12, math.log10(high) + 0.12
        self.start, self.end = start, end

    def __call__(self, value: float) -> float:
        return self.start + (math.log10(value) - self.low) / (self.high - self.low) * (self.end - self.start)

    def ticks(self) -> tuple[Tick, ...]:
        decades = range(math.floor(self.low), math.ceil(self.high) + 1)
        values = [m * 10.0**d for d in decades for m in (1, 2, 5)]
        return tuple(Tick(self(v), f"{v:g}") for v in values if self.low <= math.log10(v) <= self.high)
