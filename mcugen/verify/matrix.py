"""What became of a project's modules: each model on each board, check by check; and the file that keeps it."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import Any

import pydantic

from mcugen import __version__
from mcugen.borders import Source
from mcugen.borders.files import read_bytes
from mcugen.borders.json import SIZE_LIMIT
from mcugen.errors import InputError
from mcugen.verify.budgets import Check
from mcugen.verify.record import Record
from mcugen.verify.regression import Comparison, compare_records, parse_percent


@dataclass(frozen=True)
class ModuleResult:
    """One model on one board, by their names in the project.

    Attributes:
        folder: of the module, as the project names it.
        record: what `mcugen verify --json` prints; None where it did not come to that.
        emitted: figures of the emission, for a table; None where it did not come to that.
        change: since the baseline; None without one, or where it has no such module.
    """

    model: str
    board: str
    folder: str
    checks: tuple[Check, ...]
    record: Mapping[str, Any] | None = None
    emitted: Mapping[str, Any] | None = None
    change: Comparison | None = None

    @property
    def ok(self) -> bool:
        return all(check.good for check in self.checks)

    @property
    def bad(self) -> tuple[Check, ...]:
        return tuple(check for check in self.checks if not check.good)

    def as_json(self) -> dict[str, Any]:
        return {
            "model": self.model,
            "board": self.board,
            "folder": self.folder,
            "ok": self.ok,
            "checks": [
                {"name": c.name, "status": c.status, "detail": c.detail, "seconds": round(c.seconds, 3)}
                for c in self.checks
            ],
            "record": self.record,
        }


@dataclass(frozen=True)
class MatrixResult:
    """Attributes:
    project: the file.
    seconds: from start to end.
    """

    project: str
    results: tuple[ModuleResult, ...]
    seconds: float

    @property
    def ok(self) -> bool:
        return all(result.ok for result in self.results)

    @property
    def exit_code(self) -> int:
        """0: all passed; 1: checks failed; more: something could not be checked at all, the gravest reason."""
        return max((check.exit_code for result in self.results for check in result.checks), default=0)

    @property
    def failure(self) -> str:
        """What did not pass, in full."""
        return "\n".join(
            f"{result.model} on {result.board}: {check.name}: {check.text or check.detail}"
            for result in self.results
            for check in result.bad
        )

    def as_json(self) -> dict[str, Any]:
        return {
            "mcugen": __version__,
            "project": self.project,
            "ok": self.ok,
            "seconds": round(self.seconds, 3),
            "results": [result.as_json() for result in self.results],
        }


_BASELINE_HINT = "write it with `mcugen ci --update-baseline`, or --results FILE"


class _Kept(pydantic.BaseModel):
    model_config = pydantic.ConfigDict(extra="ignore", frozen=True, strict=True)


class _KeptModule(_Kept):
    model: str
    board: str
    record: Record | None = None


class _KeptMatrix(_Kept):
    results: tuple[_KeptModule, ...]


def load_baseline(path: Path) -> dict[tuple[str, str], Record]:
    """By model and board the records of a file that `mcugen ci --results` or `--update-baseline` wrote.

    Raises:
        InputError: the file is missing or unreadable, or holds anything else.
    """
    content = read_bytes(Source(path, "the baseline", _BASELINE_HINT), SIZE_LIMIT)
    try:
        kept = _KeptMatrix.model_validate_json(content)
    except pydantic.ValidationError as error:
        first = error.errors()[0]
        field = ".".join(map(str, first["loc"]))
        raise InputError(
            f"the baseline does not hold what `mcugen ci` writes: {first['msg']}",
            where=f"{path}, {field}" if field else str(path),
            hint=_BASELINE_HINT,
        ) from error
    return {(one.model, one.board): one.record for one in kept.results if one.record is not None}


def compare_with_baseline(
    result: MatrixResult, baseline: Path, limits: Mapping[tuple[str, str], Fraction | None], fail_over: str | None
) -> dict[tuple[str, str], Comparison]:
    """By model and board each module that was verified against the one in the baseline.

    Args:
        limits: growth in percent that a module may have; `fail_over`: the same for all, which goes before.

    Raises:
        InputError: the baseline or the percentage is wrong, or it has none of the modules.
    """
    limit = None if fail_over is None else parse_percent(fail_over)
    old, found = load_baseline(baseline), {}
    for module in result.results:
        key = module.model, module.board
        if key in old and module.record is not None:
            new = Record.model_validate_json(json.dumps(module.record))
            found[key] = compare_records(old[key], new, limit if limit is not None else limits.get(key))
    if not found and result.ok:
        raise InputError("the baseline has none of the modules", where=str(baseline), hint=_BASELINE_HINT)
    return found
