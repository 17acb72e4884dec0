"""`mcugen compare`: the figures of two verified modules, and which of them grew too much."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import Any, Literal

from mcugen.errors import InputError
from mcugen.verify.record import LayerRecord, Record, load_record

FIGURES = ("instructions", "cycles", "npu_cycles", "flash_bytes", "ram_bytes", "arena_bytes", "stack_bytes")
LAYER_FIGURES = ("instructions", "cycles", "flash_bytes", "ram_bytes")
# What a limit holds for. Cycles are an estimate, the arena is part of the RAM, and a layer's bytes are in the totals.
LIMITED = frozenset({"instructions", "flash_bytes", "ram_bytes", "stack_bytes"})
LAYER_LIMITED = frozenset({"instructions"})

Status = Literal["added", "removed", "renamed", "changed", "unchanged"]


@dataclass(frozen=True)
class Change:
    """One figure, old and new. None: unknown, or no such layer."""

    figure: str
    old: int | None
    new: int | None

    @property
    def difference(self) -> int | None:
        return None if self.old is None or self.new is None else self.new - self.old

    @property
    def percent(self) -> float | None:
        """Of the old value; None for growth from zero, which no percentage expresses."""
        if self.difference is None or self.old is None or (self.difference and not self.old):
            return None
        return 100 * self.difference / self.old if self.old else 0.0

    def exceeds(self, limit: Fraction) -> bool:
        """True when it grew by more than `limit` percent; growth from zero is more than any."""
        if self.difference is None or self.old is None:
            return False
        return self.difference > 0 and 100 * self.difference > limit * self.old

    def as_json(self) -> dict[str, Any]:
        return {
            "figure": self.figure,
            "old": self.old,
            "new": self.new,
            "difference": self.difference,
            "percent": self.percent,
        }


@dataclass(frozen=True)
class LayerChange:
    """One layer of either module or of both.

    Attributes:
        old_name: None for an added layer.
        new_name: None for a removed one.
    """

    old_name: str | None
    new_name: str | None
    op: str
    changes: tuple[Change, ...]

    @property
    def name(self) -> str:
        return self.new_name or self.old_name or ""

    @property
    def status(self) -> Status:
        if self.old_name is None:
            return "added"
        if self.new_name is None:
            return "removed"
        if self.old_name != self.new_name:
            return "renamed"
        return "changed" if any(c.difference for c in self.changes) else "unchanged"

    def as_json(self) -> dict[str, Any]:
        return {
            "name": self.name,
            "old_name": self.old_name,
            "new_name": self.new_name,
            "op": self.op,
            "status": self.status,
            "figures": [change.as_json() for change in self.changes],
        }


@dataclass(frozen=True)
class Excess:
    """A figure that grew by more than the limit; `layer` is None for the whole module."""

    layer: str | None
    change: Change

    def as_json(self) -> dict[str, Any]:
        return {"layer": self.layer, **self.change.as_json()}

    def __str__(self) -> str:
        change = self.change
        percent = "from zero" if change.percent is None else f"{change.percent:+.2f} %"
        where = f"layer {self.layer}: " if self.layer is not None else ""
        return f"{where}{change.figure} {change.old:,} -> {change.new:,} ({change.difference:+,}, {percent})"


@dataclass(frozen=True)
class Comparison:
    """Two records side by side.

    Attributes:
        totals: figures of the whole module.
        layers: in the new module's order, then the removed ones.
        limit: percent, or None.
        over_limit: what grew by more than that.
        warnings: sentences about differences that are not the model's.
    """

    old: Record
    new: Record
    totals: tuple[Change, ...]
    layers: tuple[LayerChange, ...]
    limit: Fraction | None
    over_limit: tuple[Excess, ...]
    warnings: tuple[str, ...]

    @property
    def ok(self) -> bool:
        return self.new.match and not self.over_limit

    @property
    def failure(self) -> str:
        """Why `ok` is false, one line for each reason."""
        lines = []
        if not self.new.match:
            lines.append("MISMATCH: the new firmware does not compute what the model computes")
        if self.over_limit and self.limit is not None:
            lines.append(f"grew by more than {percent_text(self.limit)}:")
            lines += [f"  {excess}" for excess in self.over_limit]
        return "\n".join(lines)

    def as_json(self) -> dict[str, Any]:
        return {
            "old": _description(self.old),
            "new": _description(self.new),
            "totals": [change.as_json() for change in self.totals],
            "layers": [layer.as_json() for layer in self.layers],
            "limit_percent": None if self.limit is None else float(self.limit),
            "over_limit": [excess.as_json() for excess in self.over_limit],
            "warnings": list(self.warnings),
            "ok": self.ok,
        }


def compare_files(old: Path, new: Path, *, fail_over: str | None = None) -> Comparison:
    """Compares two files that `mcugen verify --json` wrote.

    Args:
        fail_over: the growth that is allowed, such as "2%"; None allows any.

    Raises:
        InputError: a file or the percentage is wrong.
    """
    limit = None if fail_over is None else parse_percent(fail_over)
    return compare_records(load_record(old), load_record(new), limit)


def parse_percent(text: str) -> Fraction:
    """Percent from "2%", "2" or "0.5 %", exactly.

    Raises:
        InputError: it is anything else, or negative.
    """
    number = re.fullmatch(r"(\d+(?:\.\d+)?) ?%?", text.strip(), re.ASCII)
    if number is None:
        raise InputError(f"{text!r} is not a percentage", where="--fail-over", hint="write 2% or 0.5%")
    return Fraction(number.group(1))


def percent_text(limit: Fraction) -> str:
    return f"{float(limit):g} %"


def compare_records(old: Record, new: Record, limit: Fraction | None = None) -> Comparison:
    """Cycles are left out when the records have them from different sources, or not at all; the NPU's when neither
    module uses one."""
    cycles = old.cycles_source == new.cycles_source and None not in (old.cycles, new.cycles)
    left_out = set() if cycles else {"cycles"}
    if not (old.npu_cycles or new.npu_cycles):
        left_out.add("npu_cycles")
    totals = _changes(old, new, [f for f in FIGURES if f not in left_out])
    layer_figures = [f for f in LAYER_FIGURES if f not in left_out]
    layers = tuple(_layer_change(before, after, layer_figures) for before, after in _pairs(old.layers, new.layers))
    return Comparison(old, new, totals, layers, limit, _over_limit(totals, layers, limit), _warnings(old, new))


def _changes(
    old: Record | LayerRecord | None, new: Record | LayerRecord | None, figures: Sequence[str]
) -> tuple[Change, ...]:
    return tuple(Change(f, getattr(old, f, None), getattr(new, f, None)) for f in figures)


def _layer_change(old: LayerRecord | None, new: LayerRecord | None, figures: Sequence[str]) -> LayerChange:
    known = new or old
    assert known is not None
    return LayerChange(old.name if old else None, new.name if new else None, known.op, _changes(old, new, figures))


def _pairs(
    old: Sequence[LayerRecord], new: Sequence[LayerRecord]
) -> list[tuple[LayerRecord | None, LayerRecord | None]]:
    """Layers of one name belong together, then renamed ones; a layer without a partner stands alone."""
    partner = {layer.name: layer for layer in old} | _renamed(old, new)
    pairs: list[tuple[LayerRecord | None, LayerRecord | None]] = [(partner.get(after.name), after) for after in new]
    paired = {before.name for before, _ in pairs if before is not None}
    return [*pairs, *((before, None) for before in old if before.name not in paired)]


def _renamed(old: Sequence[LayerRecord], new: Sequence[LayerRecord]) -> dict[str, LayerRecord]:
    """By new name the old layer that stood in its place: behind the same layer of a common name, with the same operator
    and MACs, in order. Where their numbers differ it is unclear which is which, so that none is taken."""
    common = {layer.name for layer in old} & {layer.name for layer in new}
    before, after = _places(old, common), _places(new, common)
    found: dict[str, LayerRecord] = {}
    for place, layers in after.items():
        if len(before[place]) == len(layers):
            found |= {layer.name: former for former, layer in zip(before[place], layers, strict=True)}
    return found


def _places(
    layers: Sequence[LayerRecord], common: set[str]
) -> defaultdict[tuple[str | None, str, int], list[LayerRecord]]:
    """The layers that are not in `common`, by the common layer before them, operator and MACs."""
    places: defaultdict[tuple[str | None, str, int], list[LayerRecord]] = defaultdict(list)
    behind = None
    for layer in layers:
        if layer.name in common:
            behind = layer.name
        else:
            places[behind, layer.op, layer.macs].append(layer)
    return places


def _over_limit(totals: Sequence[Change], layers: Sequence[LayerChange], limit: Fraction | None) -> tuple[Excess, ...]:
    if limit is None:
        return ()
    grown = [Excess(None, c) for c in totals if c.figure in LIMITED and c.exceeds(limit)]
    grown += [
        Excess(layer.name, c)
        for layer in layers
        for c in layer.changes
        if c.figure in LAYER_LIMITED and c.exceeds(limit)
    ]
    return tuple(grown)


def _warnings(old: Record, new: Record) -> tuple[str, ...]:
    """What else than the model makes figures differ."""
    found = []
    for what, before, after in (
        ("boards", old.board, new.board),
        ("cores", old.core, new.core),
        ("runners", old.runner, new.runner),
        ("machines", old.machine, new.machine),
        ("kinds of firmware", _firmware(old), _firmware(new)),
        ("NPUs", old.used_npu, new.used_npu),
    ):
        if before and after and before != after:
            found.append(f"the figures are of different {what}: {before} and {after}")
    if old.cycles_source != new.cycles_source:
        found.append(f"cycles are not compared: they come from {old.cycles_source} and {new.cycles_source}")
    if not old.match:
        found.append("the old firmware does not compute what its model computes")
    return tuple(found)


def _firmware(record: Record) -> str:
    return "bare" if record.zephyr is None else "zephyr"


def _description(record: Record) -> dict[str, Any]:
    fields = ("name", "board", "core", "runner", "machine", "cycles_source", "match")
    return {field: getattr(record, field) for field in fields}
