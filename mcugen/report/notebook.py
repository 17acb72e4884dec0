"""A module as a notebook shows it: HTML without scripts and without colours of its own, in light and dark themes."""

from __future__ import annotations

import html
from collections.abc import Iterable, Sequence

from mcugen.emit.manifest import Manifest, PortEntry
from mcugen.report.npu import npu_rows
from mcugen.report.text import accuracy
from mcugen.report.words import thousands

_CELL = "text-align: left; padding: 2px 8px; border-bottom: 1px solid rgba(128, 128, 128, 0.35)"
_NUMBER = _CELL.replace("left", "right")
_TABLE = "border-collapse: collapse; background: transparent; color: inherit"


def module_html(manifest: Manifest) -> str:
    """What it is, what it takes, how it is called; its layers folded below."""
    memory = manifest.memory
    rows = [
        ("module", f"{manifest.name}: {len(manifest.layers)} layers, {thousands(manifest.macs)} MACs"),
        ("board", f"{manifest.target.name} ({manifest.target.cpu.core})"),
        ("constants", f"{thousands(memory.constant_bytes)} B"),
        ("arena", f"{thousands(memory.arena_bytes)} B"),
    ]
    if manifest.states:
        rows.append(("state", f"{thousands(memory.state_bytes)} B: {', '.join(s.name for s in manifest.states)}"))
    rows += port_rows(manifest)
    rows += [*npu_rows(manifest), ("accuracy", accuracy(manifest))]
    rows += [("warning", text) for text in manifest.warnings]
    layers = [
        (entry.name, entry.op, entry.kernel, thousands(entry.macs or None), thousands(entry.constant_bytes))
        for entry in manifest.layers
    ]
    table = _table(("layer", "operator", "kernel", "MACs", "constants (B)"), layers, numbers=2)
    return f"{_pairs(rows)}<details><summary>{len(layers)} layers</summary>{table}</details>"


def port_rows(manifest: Manifest) -> list[tuple[str, str]]:
    """Inputs and outputs in the model's own layout, and what their integers stand for."""
    groups = (("input", manifest.inputs), ("output", manifest.outputs))
    return [(group, f"{port.name}: {_port(port)}") for group, ports in groups for port in ports]


def _port(port: PortEntry) -> str:
    shape = "x".join(map(str, port.shape)) or "a number"
    if port.quantization is None:
        return f"{shape}, {port.dtype}"
    scale, zero_point = port.quantization.scale, port.quantization.zero_point
    # As the C functions do it.
    return f"{shape}, {port.dtype} = real / {scale:.6g} {'-' if zero_point < 0 else '+'} {abs(zero_point)}"


def _pairs(rows: Iterable[tuple[str, str]]) -> str:
    cells = (
        f'<tr><th style="{_CELL}">{html.escape(name)}</th><td style="{_CELL}">{html.escape(value)}</td></tr>'
        for name, value in rows
    )
    return f'<table style="{_TABLE}">{"".join(cells)}</table>'


def _table(titles: Sequence[str], rows: Iterable[Sequence[str]], *, numbers: int) -> str:
    """Args:
    numbers: how many of the last columns hold numbers.
    """
    styles = [_CELL] * (len(titles) - numbers) + [_NUMBER] * numbers
    lines = [_row("th", titles, styles), *(_row("td", row, styles) for row in rows)]
    return f'<table style="{_TABLE}">{"".join(lines)}</table>'


def _row(tag: str, cells: Sequence[str], styles: Sequence[str]) -> str:
    inner = (f'<{tag} style="{s}">{html.escape(cell)}</{tag}>' for s, cell in zip(styles, cells, strict=True))
    return f"<tr>{''.join(inner)}</tr>"
