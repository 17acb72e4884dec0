"""Budgets of a project: a module's figures against upper bounds, and against those of an earlier result."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Literal

from mcugen.verify.record import Record
from mcugen.verify.regression import Comparison, percent_text

Status = Literal["passed", "failed", "error", "skipped"]


@dataclass(frozen=True)
class Check:
    """One thing that was looked at, of one module.

    Attributes:
        name: "emit", "verify", a budget's name, or "growth".
        detail: what was found, one line with figures.
        text: more lines, of what did not pass.
        exit_code: what a command ends with for it alone.
        seconds: that it took.
    """

    name: str
    status: Status
    detail: str
    text: str = ""
    exit_code: int = 0
    seconds: float = 0.0

    @property
    def good(self) -> bool:
        return self.status in ("passed", "skipped")


def failed(name: str, detail: str, text: str = "", seconds: float = 0.0) -> Check:
    return Check(name, "failed", detail, text or detail, 1, seconds)


@dataclass(frozen=True)
class Budgets:
    """Each None for no bound; upper bounds, but `top_1` and `sqnr`. Bytes; instructions, cycles and milliseconds of one
    inference.

    Attributes:
        top_1: percent of the labelled samples that must get their class.
        sqnr: decibels that each output must have against the float model.
        fail_over: percent by which figures may have grown.
    """

    flash: int | None = None
    ram: int | None = None
    arena: int | None = None
    stack: int | None = None
    instructions: int | None = None
    cycles: int | None = None
    milliseconds: float | None = None
    top_1: Fraction | None = None
    sqnr: float | None = None
    fail_over: Fraction | None = None


# What a budget holds for: the figure of a record, and its unit.
_FIGURES: tuple[tuple[str, Callable[[Record], int | None], str], ...] = (
    ("flash", lambda record: record.flash_bytes, " B"),
    ("ram", lambda record: record.ram_bytes, " B"),
    ("arena", lambda record: record.arena_bytes, " B"),
    ("stack", lambda record: record.stack_bytes, " B"),
    ("instructions", lambda record: record.instructions, ""),
    ("cycles", lambda record: record.cycles, ""),
)


def judge(
    record: Record, budgets: Budgets, top_1: Sequence[int] | None = None, sqnr: float | str | None = None
) -> Iterator[Check]:
    """A check for each budget that is set, but growth.

    Args:
        top_1: two numbers, of the samples that got their class, and of all; None where they were not run.
        sqnr: of the worst output, in decibels; or why there is none; None where there are no samples.
    """
    for name, figure, unit in _FIGURES:
        limit = getattr(budgets, name)
        if limit is not None:
            yield _held(name, figure(record), limit, unit, record)
    if budgets.milliseconds is not None:
        yield _held("milliseconds", record.milliseconds, budgets.milliseconds, " ms", record)
    if budgets.top_1 is not None:
        yield _accurate(top_1, budgets.top_1)
    if budgets.sqnr is not None:
        yield _close(sqnr, budgets.sqnr)


def _held(name: str, used: float | None, limit: float, unit: str, record: Record) -> Check:
    if used is None:
        return failed(name, f"cannot be held: there is no timing model for {record.core or 'the core'}")
    said, bound = f"{_figure(used)}{unit}", f"{_figure(limit)}{unit}"
    if used > limit:
        percent = f" ({100 * (used - limit) / limit:+.1f} %)" if limit else ""
        return failed(name, f"{said}, {_figure(used - limit)}{unit} over the budget of {bound}{percent}")
    share = f", {100 * used / limit:.1f} % of it" if limit else ""
    return Check(name, "passed", f"{said} within the budget of {bound}{share}")


def _figure(value: float) -> str:
    return f"{value:,}" if isinstance(value, int) else f"{value:,.4g}"


def _accurate(found: Sequence[int] | None, limit: Fraction) -> Check:
    if found is None:
        return failed("top-1", "cannot be held: the model has no `inputs` and `labels`")
    right, samples = found
    said = f"{right:,} of {samples:,} samples ({100 * right / samples:.1f} %) get their class"
    if 100 * right < limit * samples:
        return failed("top-1", f"{said}, {percent_text(limit)} must")
    return Check("top-1", "passed", f"{said}, {percent_text(limit)} must")


def _close(found: float | str | None, limit: float) -> Check:
    if not isinstance(found, float):
        return failed("sqnr", f"cannot be held: {found or 'the model has no `inputs`'}")
    said = f"the worst output is at {found:.2f} dB (SQNR) of the float model, {limit:g} dB must be"
    return failed("sqnr", said) if found < limit else Check("sqnr", "passed", said)


def growth(result: Comparison | None, limit: Fraction) -> Check:
    """Whether a figure grew by more than a limit in percent, as `mcugen compare --fail-over` has it.

    Args:
        result: with that limit; None where the baseline has no such module.
    """
    if result is None:
        return Check("growth", "skipped", "the baseline has no such module")
    notes = "".join(f"; {warning}" for warning in result.warnings)
    if result.over_limit:
        worst = max(result.over_limit, key=lambda excess: excess.change.percent or float("inf"))
        count = len(result.over_limit)
        lines = [f"grew by more than {percent_text(limit)}:", *(f"  {excess}" for excess in result.over_limit)]
        more = "" if count == 1 else f", and {count - 1} more"
        return failed("growth", f"{worst}{more}: more than {percent_text(limit)}{notes}", "\n".join(lines))
    return Check("growth", "passed", f"no figure grew by more than {percent_text(limit)}{notes}")
