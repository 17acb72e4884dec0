"""What was counted before: a file of figures in version control, and the check that no count rises unseen."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any

import pydantic

from mcugen.bench.row import Row
from mcugen.borders import Source
from mcugen.borders.json import read_json

LIMIT_PERCENT = 1
"""A figure may rise so much without the baseline changing."""

FIGURES = ("instructions", "cycles", "npu_cycles", "flash_bytes", "arena_bytes", "stack_bytes")

_Count = Annotated[int, pydantic.Field(ge=0, lt=2**63)]


class Entry(pydantic.BaseModel):
    """Figures of one row. None: there were none."""

    model_config = pydantic.ConfigDict(extra="forbid", frozen=True, strict=True)

    instructions: _Count
    cycles: _Count | None = None
    cycles_source: str = "none"
    npu_cycles: _Count | None = None
    flash_bytes: _Count
    arena_bytes: _Count
    stack_bytes: _Count

    @classmethod
    def of(cls, row: Row) -> Entry:
        return cls(**{name: getattr(row, name) for name in cls.model_fields})


class Baseline(pydantic.BaseModel):
    """The file: figures by a row's key, and the compiler that they hold for."""

    model_config = pydantic.ConfigDict(extra="forbid", frozen=True, strict=True)

    compiler: str
    rows: Mapping[str, Entry]


@dataclass(frozen=True)
class Verdict:
    """Rows against a baseline.

    Attributes:
        failures: what rose, or is not known, a line each.
        fallen: what fell by more than the limit: the baseline could be lower.
        warning: why figures may differ without a change of mcugen; empty: no reason known.
    """

    failures: tuple[str, ...]
    fallen: tuple[str, ...]
    warning: str = ""

    def as_json(self) -> dict[str, Any]:
        return {"failures": list(self.failures), "fallen": list(self.fallen), "warning": self.warning}


def load_baseline(path: Path) -> Baseline:
    """
    Raises:
        InputError: the file is missing or damaged.
    """
    source = Source(path, "the baseline", "write it with --update-baseline")
    try:
        return Baseline.model_validate(read_json(source))
    except pydantic.ValidationError as error:
        first = error.errors()[0]
        raise source.error(f"is wrong: {first['msg']}", where=".".join(map(str, first["loc"]))) from error


def check(rows: Iterable[Row], baseline: Baseline) -> Verdict:
    """Every counted row against the baseline's; what the baseline has besides was not counted this time."""
    failures: list[str] = []
    fallen: list[str] = []
    compilers = set()
    for row in rows:
        if not _belongs(row):
            continue
        compilers.add(row.compiler)
        old = baseline.rows.get(row.key)
        if old is None:
            failures.append(f"{row.key}: not in the baseline: write it with --update-baseline")
            continue
        for figure, before, after in _figures(old, Entry.of(row)):
            line = f"{row.key}: {figure} {before:,} -> {after:,} ({100 * (after - before) / max(before, 1):+.2f} %)"
            if 100 * (after - before) > LIMIT_PERCENT * before:
                failures.append(line)
            elif 100 * (before - after) > LIMIT_PERCENT * before:
                fallen.append(line)
    return Verdict(tuple(failures), tuple(fallen), _other_compiler(compilers, baseline))


def _belongs(row: Row) -> bool:
    """A baseline holds what mcugen is to answer for, wherever it is counted: not another library's figures."""
    return not row.failure and row.kernels != "cmsis-nn"


def _figures(old: Entry, new: Entry) -> Iterable[tuple[str, int, int]]:
    """(figure, before, after) of what both have; cycles where they are from one source."""
    for figure in FIGURES:
        before, after = getattr(old, figure), getattr(new, figure)
        comparable = figure != "cycles" or old.cycles_source == new.cycles_source
        if before is not None and after is not None and comparable:
            yield figure, before, after


def _other_compiler(compilers: set[str], baseline: Baseline) -> str:
    others = sorted(compilers - {baseline.compiler})
    if not others:
        return ""
    return f"counted with {', '.join(others)}, the baseline with {baseline.compiler}: counts depend on the compiler"


def updated(rows: Sequence[Row], old: Baseline | None, *, whole: bool) -> Baseline:
    """The baseline with these rows in place of its own.

    Args:
        whole: rows that were not in the run are dropped. Those that failed in it are kept as they were.
    """
    failed = {row.key for row in rows if row.failure}
    kept = {} if old is None else {key: entry for key, entry in old.rows.items() if not whole or key in failed}
    own = [row for row in rows if _belongs(row)]
    kept |= {row.key: Entry.of(row) for row in own}
    compilers = {row.compiler for row in own} or {old.compiler if old else ""}
    return Baseline(compiler=", ".join(sorted(compilers)), rows=kept)


def write_baseline(baseline: Baseline, path: Path) -> None:
    """Sorted, a row a line, so that a change shows as what it is.

    Raises:
        InputError: it cannot be written.
    """
    rows = [
        f"    {json.dumps(key)}: {json.dumps(entry.model_dump(exclude_none=True))}"
        for key, entry in sorted(baseline.rows.items())
    ]
    text = f'{{\n  "compiler": {json.dumps(baseline.compiler)},\n  "rows": {{\n' + ",\n".join(rows) + "\n  }\n}\n"
    source = Source(path, "the baseline", "name a file that can be written")
    try:
        path.write_text(text, encoding="utf-8")
    except OSError as error:
        raise source.error(f"cannot be written: {error.strerror}") from error
