"""What `mcugen ci` prints: a table for a terminal, Markdown for a summary or a pull request."""

from __future__ import annotations

import html
import re
from collections.abc import Mapping
from typing import Any

from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from mcugen.report import comparison
from mcugen.report.words import thousands
from mcugen.verify.matrix import MatrixResult, ModuleResult

MARKER = "<!-- mcugen-ci -->"
"""First line of the Markdown, by which a workflow finds the comment that it wrote before."""

# GitHub takes comments of 65,536 characters, and summaries of a megabyte.
_MARKDOWN_BYTES = 60_000
_LONGEST = 300
_UNSAFE = re.compile(r"[`|\\<\x00-\x1f\x7f]")
# Titles, and which check holds a budget for the figure.
_COLUMNS = (
    ("instructions", "instructions", "instructions"),
    ("cycles", "cycles", "cycles"),
    ("ms", "milliseconds", "milliseconds"),
    ("flash (B)", "flash_bytes", "flash"),
    ("RAM (B)", "ram_bytes", "ram"),
    ("arena (B)", "arena_bytes", "arena"),
    ("stack (B)", "stack_bytes", "stack"),
)


def text_summary(result: MatrixResult) -> RenderableType:
    """The table and the verdict; `MatrixResult.failure` says what did not pass."""
    return Group(_table(result), Text(verdict(result), style="bold green" if result.ok else "bold red"))


def verdict(result: MatrixResult) -> str:
    count = len(result.results)
    bad = sum(not module.ok for module in result.results)
    modules = f"{count} module{'s' * (count != 1)}"
    time = f" in {result.seconds:.0f} s" if result.seconds >= 1 else ""
    return f"{modules} passed{time}" if not bad else f"{bad} of {modules} did not pass{time}"


def _table(result: MatrixResult) -> Table:
    table = Table(box=None, pad_edge=False, header_style="bold")
    for title in ("model", "board"):
        table.add_column(title)
    for title, _, _ in _COLUMNS:
        table.add_column(title, justify="right")
    table.add_column("result")
    for module in result.results:
        bad = {check.name for check in module.bad}
        cells = [
            Text(_figure(module, field), style="bold red" if budget in bad else "") for _, field, budget in _COLUMNS
        ]
        style = "green" if module.ok else "bold red"
        table.add_row(Text(module.model), Text(module.board), *cells, Text(_word(module), style=style))
    return table


def _word(module: ModuleResult) -> str:
    if module.ok:
        return "passed"
    words = {"emit": "not emitted", "verify": "not verified" if module.record is None else "MISMATCH"}
    words |= {"growth": "grew", "top-1": "below top-1", "sqnr": "below sqnr"}
    return ", ".join(words.get(check.name, f"over {check.name}") for check in module.bad)


def _figure(module: ModuleResult, field: str) -> str:
    known: Mapping[str, Any] = module.record or module.emitted or {}
    value = known.get(field)
    return f"{value:,.3g}" if isinstance(value, float) else thousands(value)


def emissions(result: MatrixResult) -> RenderableType:
    """Where the modules are, and what they take."""
    table = Table(box=None, pad_edge=False, header_style="bold")
    for title in ("model", "board", "flash (B)", "arena (B)", "folder"):
        table.add_column(title, justify="right" if "(B)" in title else "left")
    for module in result.results:
        sizes = (_figure(module, "flash_bytes"), _figure(module, "arena_bytes"))
        folder = Text(module.folder) if module.ok else Text("not emitted", style="bold red")
        table.add_row(Text(module.model), Text(module.board), *sizes, folder)
    return table


def markdown(result: MatrixResult) -> str:
    """A table and the failures. What comes from a model or a file is shown as code, so that nothing in it is markup."""
    lines = [MARKER, f"### mcugen: {verdict(result)}", ""]
    titles = ["model", "board", *(title for title, _, _ in _COLUMNS), "result"]
    lines += [f"| {' | '.join(titles)} |", f"| --- | --- |{' ---: |' * len(_COLUMNS)} --- |"]
    for module in result.results:
        bad = {check.name for check in module.bad}
        cells = [_code(module.model), _code(module.board)]
        for _, field, budget in _COLUMNS:
            figure = _figure(module, field)
            cells.append(f"**{figure}**" if budget in bad else figure)
        lines.append(f"| {' | '.join([*cells, _word(module) if module.ok else f'**{_word(module)}**'])} |")
    failures = [
        f"* {_code(f'{module.model} on {module.board}')}, {check.name}: {_code(check.detail)}"
        for module in result.results
        for check in module.bad
    ]
    return _with_changes(_cut([*lines, *([""] if failures else []), *failures]), result)


def _with_changes(page: str, result: MatrixResult) -> str:
    """With what changed since the baseline, folded, for each module for which there is room."""
    changed = [(module, module.change) for module in result.results if module.change is not None]
    sections, left_out = [], 0
    room = _MARKDOWN_BYTES - len(page.encode())
    for module, change in changed:
        if not any(figure.difference for figure in change.totals) and all(
            layer.status == "unchanged" for layer in change.layers
        ):
            continue
        _, table = comparison.markdown(change).split("\n", 1)
        summary = f"{html.escape(module.model)} on {html.escape(module.board)}: change since the baseline"
        section = f"\n<details><summary>{summary}</summary>\n\n{table}\n</details>\n"
        room -= len(section.encode())
        if room >= 0:
            sections.append(section)
        else:
            left_out += 1
    if left_out:
        sections.append(f"\nChanges of {left_out} more do not fit here.\n")
    if changed and not sections:
        sections.append("\nNothing changed since the baseline.\n")
    return page + "".join(sections)


def _cut(lines: list[str]) -> str:
    """Whole lines, as many as there is room for."""
    size = 0
    kept: list[str] = []
    for number, line in enumerate(lines):
        size += len(line.encode()) + 1
        if size > _MARKDOWN_BYTES:
            return "\n".join([*kept, "", f"{len(lines) - number} more lines are left out."]) + "\n"
        kept.append(line)
    return "\n".join(kept) + "\n"


def _code(text: str) -> str:
    short = text if len(text) <= _LONGEST else f"{text[:_LONGEST]}..."
    return f"`{_UNSAFE.sub('_', short)}`"
