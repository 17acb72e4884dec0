"""The arena over time: a rectangle a buffer."""

from __future__ import annotations

import math
from dataclasses import dataclass

from mcugen.emit.manifest import Manifest
from mcugen.report.page.axes import BOTTOM, HEIGHT, LEFT, RIGHT, TOP, WIDTH, Chart, Tick
from mcugen.report.words import bytes_in_words, shortened

_CHARACTER = 6.2
"""Width of one in the labels."""


@dataclass(frozen=True)
class Buffer:
    """One buffer in the arena. `text`: its name, where there is room; `label`: all about it. `kind`: "tensor",
    "scratch"."""

    x: float
    y: float
    width: float
    height: float
    text: str
    label: str
    kind: str
    layer: int


@dataclass(frozen=True)
class ArenaChart:
    """`peak`: where most is alive."""

    chart: Chart
    buffers: tuple[Buffer, ...]
    peak: float


def arena_chart(manifest: Manifest) -> ArenaChart | None:
    """The arena over time: layers to the right, addresses upwards. None where there is none."""
    memory = manifest.memory
    if not memory.arena or not memory.arena_bytes:
        return None
    steps = max(b.last_step for b in memory.arena) + 1
    across, up = (WIDTH - LEFT - RIGHT) / steps, (HEIGHT - TOP - BOTTOM) / memory.arena_bytes
    bottom = HEIGHT - BOTTOM
    buffers = []
    for b in memory.arena:
        width, height = (b.last_step - b.first_step + 1) * across, b.size * up
        room = int((width - 8) / _CHARACTER)
        buffers.append(
            Buffer(
                x=LEFT + b.first_step * across,
                y=bottom - (b.offset + b.size) * up,
                width=width,
                height=height,
                text=shortened(b.name, room) if room >= 4 and height >= 14 else "",
                label=f"{b.name}: {b.size:,} bytes at {b.offset:,}, layers {b.first_step} to {b.last_step}",
                kind="scratch" if b.name.startswith("scratch:") else "tensor",
                layer=min(b.first_step, len(manifest.layers) - 1),
            )
        )
    alive = [memory.bytes_alive(step) for step in range(steps)]
    every = max(1, math.ceil(steps / 24))
    chart = Chart(
        tuple(Tick(LEFT + (i + 0.5) * across, str(i)) for i in range(0, steps, every)),
        tuple(Tick(bottom - v * up, bytes_in_words(v)) for v in _round_values(memory.arena_bytes)),
        "layer",
        "address in the arena",
    )
    return ArenaChart(chart, tuple(buffers), LEFT + (alive.index(max(alive)) + 0.5) * across)


def _round_values(most: int) -> list[int]:
    """Up to six round numbers from 0."""
    step = 2 ** max(0, math.ceil(math.log2(max(most, 1) / 5)))
    return list(range(0, most + 1, step))
