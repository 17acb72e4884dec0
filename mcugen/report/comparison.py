"""What `mcugen compare` prints: tables for a terminal, and Markdown for the comment of a pull request."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from mcugen.report.words import thousands
from mcugen.verify.record import Record
from mcugen.verify.regression import Change, Comparison, LayerChange, percent_text

MARKER = "<!-- mcugen-compare -->"
"""First line of the Markdown, by which a workflow finds the comment that it wrote before."""

# GitHub refuses comments of more than 65,536 characters.
_MARKDOWN_BYTES = 60_000
# Figures over the limit that are named above the tables, and characters of one piece of text.
_LISTED, _LONGEST = 20, 200
_UNSAFE = re.compile(r"[`|\\<\x00-\x1f\x7f]")

_TITLES = {
    "instructions": "instructions",
    "cycles": "cycles",
    "npu_cycles": "NPU cycles (estimate)",
    "flash_bytes": "flash (B)",
    "ram_bytes": "RAM (B)",
    "arena_bytes": "arena (B)",
    "stack_bytes": "stack (B)",
}


def text_summary(comparison: Comparison, *, show_all: bool = False) -> Iterator[RenderableType]:
    """Layers that changed, or all of them; then the totals and the verdict."""
    layers = _shown(comparison, show_all)
    if layers:
        yield _layer_table(layers)
    others, verdict = Text(_others(comparison, layers)), _verdict(comparison)
    yield Group(*(part for part in (others, _total_table(comparison.totals), verdict) if part))


def _layer_table(layers: Sequence[LayerChange]) -> Table:
    table = Table(box=None, pad_edge=False, header_style="bold")
    for title in ("layer", "operator"):
        table.add_column(title)
    for change in layers[0].changes:
        table.add_column(_TITLES[change.figure], justify="right")
    for layer in layers:
        cells = [Text(_cell(layer, change, "->"), style=_style(change)) for change in layer.changes]
        table.add_row(Text(_label(layer)), Text(layer.op), *cells)
    return table


def _total_table(totals: Sequence[Change]) -> Table:
    table = Table(box=None, pad_edge=False, header_style="bold")
    table.add_column("figure")
    for title in ("old", "new", "change"):
        table.add_column(title, justify="right")
    for change in totals:
        difference = Text(_difference(change), style=_style(change))
        table.add_row(_TITLES[change.figure], thousands(change.old), thousands(change.new), difference)
    return table


def _verdict(comparison: Comparison) -> Text:
    if not comparison.new.match:
        return Text("MISMATCH", style="bold red")
    if comparison.limit is None:
        return Text("")
    return Text(_limit_line(comparison), style="bold green" if comparison.ok else "bold red")


def _limit_line(comparison: Comparison) -> str:
    assert comparison.limit is not None
    limit, count = percent_text(comparison.limit), len(comparison.over_limit)
    if not count:
        return f"instructions, flash, RAM and stack grew by no more than {limit}"
    return f"{count} {'figure' if count == 1 else 'figures'} grew by more than {limit}"


def _shown(comparison: Comparison, show_all: bool) -> list[LayerChange]:
    return [layer for layer in comparison.layers if show_all or layer.status != "unchanged"]


def _others(comparison: Comparison, layers: Sequence[LayerChange]) -> str:
    """What the table of layers leaves out."""
    hidden = len(comparison.layers) - len(layers)
    return f"{hidden} {'layer is' if hidden == 1 else 'layers are'} unchanged" if hidden else ""


def _label(layer: LayerChange) -> str:
    if layer.status == "renamed":
        return f"{layer.new_name} (was {layer.old_name})"
    return f"{layer.name} ({layer.status})" if layer.status in ("added", "removed") else layer.name


def _cell(layer: LayerChange, change: Change, arrow: str) -> str:
    """One value where there is no other, or the same; "?" for an unknown one."""
    old, new = ("?" if value is None else thousands(value) for value in (change.old, change.new))
    if layer.status == "removed":
        return old
    if layer.status == "added" or old == new:
        return new
    values = f"{old} {arrow} {new}"
    return values if change.percent is None else f"{values} ({change.percent:+.2f} %)"


def _difference(change: Change) -> str:
    if change.difference is None:
        return "-"
    if not change.difference:
        return "0"
    percent = "from zero" if change.percent is None else f"{change.percent:+.2f} %"
    return f"{change.difference:+,} ({percent})"


def _style(change: Change) -> str:
    difference = change.difference or 0
    return "red" if difference > 0 else "green" if difference < 0 else ""


def markdown(comparison: Comparison, *, show_all: bool = False) -> str:
    """GitHub-flavoured Markdown, short enough for a comment: rows that are too many are left out and counted."""
    layers = _shown(comparison, show_all)
    head, rows = _markdown_head(comparison), [_markdown_row(layer) for layer in layers]
    room = _MARKDOWN_BYTES - sum(len(line.encode()) + 1 for line in head)
    kept = 0
    while kept < len(rows) and (room := room - len(rows[kept].encode()) - 1) >= 0:
        kept += 1
    lines = [*head, *_markdown_titles(layers), *rows[:kept]]
    if kept < len(rows):
        lines += ["", f"{len(rows) - kept} more rows of layers do not fit here."]
    if others := _others(comparison, layers):
        lines += ["", f"{others}."]
    return "\n".join(lines) + "\n"


def _markdown_head(comparison: Comparison) -> list[str]:
    lines = [MARKER, f"### {_heading(comparison.new)}", ""]
    if not comparison.new.match:
        lines += ["**MISMATCH: the new firmware does not compute what the model computes.**", ""]
    if comparison.limit is not None:
        line = f"{_limit_line(comparison)}."
        lines += [f"**{line}**" if comparison.over_limit else line, ""]
    lines += [f"- {_code(str(excess))}" for excess in comparison.over_limit[:_LISTED]]
    if len(comparison.over_limit) > _LISTED:
        lines.append(f"- and {len(comparison.over_limit) - _LISTED} more")
    lines += [f"- warning: {_code(warning)}" for warning in comparison.warnings]
    if lines[-1]:
        lines.append("")
    lines += ["| figure | old | new | change |", "| --- | ---: | ---: | ---: |"]
    for change in comparison.totals:
        values = (_TITLES[change.figure], thousands(change.old), thousands(change.new), _difference(change))
        lines.append(f"| {' | '.join(values)} |")
    return lines


def _markdown_titles(layers: Sequence[LayerChange]) -> list[str]:
    if not layers:
        return []
    titles = ["layer", "operator", *(_TITLES[change.figure] for change in layers[0].changes)]
    return ["", f"| {' | '.join(titles)} |", f"| --- | --- |{' ---: |' * len(layers[0].changes)}"]


def _markdown_row(layer: LayerChange) -> str:
    cells = (_cell(layer, change, "→") for change in layer.changes)
    return f"| {' | '.join((_code(_label(layer)), _code(layer.op), *cells))} |"


def _heading(record: Record) -> str:
    subject = f"{_code(record.name)} on {_code(record.board)}" if record.name and record.board else "the module"
    return f"mcugen: change of {subject}"


def _code(text: str) -> str:
    """A code span of text that comes from a model, which may hold anything: nothing in it ends the span or the cell."""
    short = text if len(text) <= _LONGEST else f"{text[:_LONGEST]}..."
    return f"`{_UNSAFE.sub('_', short)}`"
