"""The report page of `mcugen verify --report`: one self-contained HTML file."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import jinja2

from mcugen import __version__
from mcugen.emit.manifest import Manifest
from mcugen.errors import InputError
from mcugen.report import text
from mcugen.report.npu import npu_rows
from mcugen.verify.result import VerifyOutcome

_CHART_WIDTH = 960
_CHART_HEIGHT = 280


@dataclass(frozen=True)
class Rectangle:
    """One buffer in the picture of the arena: steps to the right, addresses upwards. SVG units."""

    x: float
    y: float
    width: float
    height: float
    label: str
    scratch: bool


def write_report(result: VerifyOutcome, path: Path) -> None:
    """Raises InputError when the file cannot be written."""
    environment = jinja2.Environment(
        loader=jinja2.PackageLoader("mcugen.report"),
        autoescape=True,
        trim_blocks=True,
        lstrip_blocks=True,
        undefined=jinja2.StrictUndefined,
    )
    environment.filters["thousands"] = lambda value: "–" if value is None else f"{value:,}"
    measured = result.measurement
    page = environment.get_template("verify.html.j2").render(
        version=__version__,
        result=result,
        manifest=result.manifest,
        measured=measured,
        accuracy=text.accuracy(result.manifest),
        npu=npu_rows(result.manifest),
        heap=text.heap(result.manifest),
        times=text.time_rows(measured.estimate, result.manifest.target),
        verdict=text.verdict(result) if result.match else result.failure,
        poor=text.is_poor(result.manifest),
        most=max((layer.instructions for layer in measured.layers), default=1) or 1,
        rectangles=arena_rectangles(result.manifest),
        width=_CHART_WIDTH,
        height=_CHART_HEIGHT,
    )
    try:
        path.write_text(page, encoding="utf-8")
    except OSError as error:
        raise InputError(f"cannot write {path}: {error.strerror}") from error


def arena_rectangles(manifest: Manifest) -> list[Rectangle]:
    """The arena over time: one rectangle a buffer."""
    buffers = manifest.memory.arena
    if not buffers:
        return []
    steps = max(b.last_step for b in buffers) + 1
    total = max(manifest.memory.arena_bytes, 1)
    return [
        Rectangle(
            x=b.first_step / steps * _CHART_WIDTH,
            y=_CHART_HEIGHT * (1 - (b.offset + b.size) / total),
            width=(b.last_step - b.first_step + 1) / steps * _CHART_WIDTH,
            height=b.size / total * _CHART_HEIGHT,
            label=f"{b.name}: {b.size} bytes at {b.offset}, steps {b.first_step} to {b.last_step}",
            scratch=b.name.startswith("scratch:"),
        )
        for b in buffers
    ]
