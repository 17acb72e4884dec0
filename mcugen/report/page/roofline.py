"""What a multiply-accumulate takes, layer by layer, beside what the core cannot go below."""

from __future__ import annotations

import math
from dataclasses import dataclass

from mcugen.boards.board import Cpu
from mcugen.report.page.axes import BOTTOM, HEIGHT, LEFT, RIGHT, TOP, WIDTH, Chart, Dot, LogScale
from mcugen.report.page.subject import Subject


@dataclass(frozen=True)
class Roof:
    y: float
    label: str


@dataclass(frozen=True)
class Roofline:
    chart: Chart
    dots: tuple[Dot, ...]
    roof: Roof


def roofline(subject: Subject) -> Roofline | None:
    """Instructions for a multiply-accumulate against multiply-accumulates for a byte that a layer reads or writes.

    After Williams, Waterman and Patterson, "Roofline" (2009), turned over: what the core cannot go below is a floor.
    None where nothing was counted, or nothing multiplies.
    """
    details, measured = subject.details, subject.measured
    if details is None or measured is None:
        return None
    points = []
    for i, (layer, found) in enumerate(zip(measured.layers, details.layers, strict=True)):
        entry = layer.entry
        if entry.macs:
            moved: float = entry.constant_bytes + sum(r.bytes for r in entry.results)
            moved += sum(math.prod(t.shape) * _bytes_of(t.dtype) for t in found.reads)
            points.append((i, entry.macs / max(moved, 1), max(layer.instructions, 1) / entry.macs))
    if not points:
        return None
    least, words = _fewest_instructions(subject.manifest.target.cpu)
    across = LogScale(min(x for _, x, _ in points), max(x for _, x, _ in points), LEFT, WIDTH - RIGHT)
    up = LogScale(
        min(least, *(y for _, _, y in points)),
        max(least, *(y for _, _, y in points)),
        HEIGHT - BOTTOM,
        TOP,
    )
    dots = tuple(
        Dot(
            across(x),
            up(y),
            5 + 22 * math.sqrt(subject.share(i) or 0.0),
            f"{measured.layers[i].entry.name}: {y:.2f} instructions for a multiply-accumulate, "
            f"{x:.1f} multiply-accumulates for a byte",
            i,
        )
        for i, x, y in points
    )
    chart = Chart(
        across.ticks(), up.ticks(), "multiply-accumulates for a byte read or written", "instructions for each"
    )
    return Roofline(chart, dots, Roof(up(least), f"{least:g}: {words}"))


def _bytes_of(dtype: str) -> float:
    digits = "".join(c for c in dtype if c.isdigit())
    return int(digits) / 8 if digits else 1


def _fewest_instructions(cpu: Cpu) -> tuple[float, str]:
    """For a multiply-accumulate of bytes, by the instruction set, loads and all else left out."""
    if cpu.mve != "none":
        return 1 / 16, "sixteen in one VMLADAVA"
    if cpu.dsp:
        return 1 / 2, "two in one SMLAD"
    if cpu.baseline:
        return 2.0, "MULS and ADDS"
    return 1.0, "one MLA"
