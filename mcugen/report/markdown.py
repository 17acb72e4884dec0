"""A module's report in Markdown: short enough for a pull request or a note."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from mcugen.emit.names import plain_text
from mcugen.report.page.layers import LayerTable, layer_table
from mcugen.report.page.subject import Subject
from mcugen.report.page.tiles import tiles

_LEFT_OUT = {"operator", "scratch", "from"}
"""Columns of the page's table that would make it too wide."""


def report(subject: Subject) -> str:
    """Headline, figures, problems and layers."""
    lamp = {"good": "✅ ", "bad": "❌ ", "poor": "⚠️ ", "plain": ""}[subject.tone]
    lines = [
        f"### {subject.manifest.name} on {subject.manifest.target.name}",
        "",
        f"{lamp}{_safe(subject.verdict)}",
        "",
    ]
    figures = tiles(subject)
    lines += _table([tile.title for tile in figures], [[tile.figure for tile in figures]], range(len(figures)))
    lines += [f"- ⚠️ {_safe(problem)}" for problem in subject.problems]
    lines += [""] if subject.problems else []
    lines += _layers(layer_table(subject))
    for table in subject.tables:
        first = len(table.columns) - table.numbers
        lines += [f"**{_safe(table.title)}**", ""]
        lines += _table(table.columns, table.rows, range(first, len(table.columns)))
    return "\n".join(lines).rstrip() + "\n"


def _layers(table: LayerTable) -> list[str]:
    shown = [i for i, column in enumerate(table.columns) if column.title not in _LEFT_OUT]
    rows = [[row[i].text for i in shown] for row in table.rows]
    numbers = [place for place, i in enumerate(shown) if table.columns[i].number]
    return _table([table.columns[i].title for i in shown], rows, numbers)


def _table(titles: Sequence[str], rows: Iterable[Sequence[str]], numbers: Iterable[int]) -> list[str]:
    right = set(numbers)
    rule = ["---:" if i in right else "---" for i in range(len(titles))]
    return [*(f"| {' | '.join(map(_safe, row))} |" for row in (titles, rule, *rows)), ""]


def _safe(text: str) -> str:
    """Names in it come from a model file: they are no links, no HTML and no further cells."""
    return "".join(c if c in "–·×…≥%,()=;'+" else plain_text(c) for c in text.replace("|", "/"))
