"""Signal to quantization noise along the network."""

from __future__ import annotations

import math
from dataclasses import dataclass

from mcugen.report.page.axes import BOTTOM, HEIGHT, LEFT, RIGHT, TOP, WIDTH, Chart, Dot, Tick
from mcugen.report.page.subject import Subject


@dataclass(frozen=True)
class NoiseChart:
    """Two lines of points, (x, y): all error, and the layer's own. `culprit`: x of the layer that makes most of the
    noise."""

    chart: Chart
    total: tuple[Dot, ...]
    own: tuple[Dot, ...]
    culprit: float | None


def noise_chart(subject: Subject) -> NoiseChart | None:
    """Signal to quantization noise along the network; None where nobody compared layers with a float model."""
    rows = subject.noise
    values = [v for row in rows for v in (row.total, row.own) if v is not None]
    if not values:
        return None
    numbers = {entry.name: i for i, entry in enumerate(subject.layers)}
    low, high = min(0.0, *values), max(*values, 10.0) * 1.05
    across = (WIDTH - LEFT - RIGHT) / len(rows)

    def dots(kind: str, words: str) -> tuple[Dot, ...]:
        return tuple(
            Dot(LEFT + (i + 0.5) * across, _y(value), 4.0, f"{row.layer}: {value:.1f} dB, {words}", number)
            for i, row in enumerate(rows)
            if (value := getattr(row, kind)) is not None and (number := numbers.get(row.layer, -1)) is not None
        )

    def _y(value: float) -> float:
        return HEIGHT - BOTTOM - (value - low) / (high - low) * (HEIGHT - TOP - BOTTOM)

    step = 10 if high - low <= 80 else 20
    ticks = tuple(Tick(_y(v), f"{v} dB") for v in range(step * math.ceil(low / step), math.floor(high) + 1, step))
    every = max(1, math.ceil(len(rows) / 24))
    # Inputs of the model are compared as well, and are no layers.
    x_ticks = tuple(
        Tick(LEFT + (i + 0.5) * across, str(numbers.get(rows[i].layer, "in"))) for i in range(0, len(rows), every)
    )
    most = max(range(len(rows)), key=lambda i: rows[i].share)
    culprit = LEFT + (most + 0.5) * across if rows[most].share > 0 else None
    chart = Chart(x_ticks, ticks, "layer", "signal to noise")
    return NoiseChart(chart, dots("total", "all error up to here"), dots("own", "of this layer alone"), culprit)
