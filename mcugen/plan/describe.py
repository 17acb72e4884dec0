"""The memory map of a plan for people and reports: what lies where, step by step."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import asdict, dataclass
from typing import Any

from mcugen.plan.plan import Placement, Plan


@dataclass(frozen=True)
class StepMemory:
    """The arena during one step.

    Attributes:
        step: index into `Plan.steps`.
        bytes_alive: bytes of the arena that hold something; memory shared by two buffers counts once.
        highest: end of the highest live buffer.
        live: by ascending offset.
    """

    step: int
    operator: str
    kernel: str
    bytes_alive: int
    highest: int
    live: tuple[Placement, ...]


def memory_map(plan: Plan) -> list[StepMemory]:
    """One entry for each step; alias steps, which call nothing, are left out."""
    rows = []
    for index, step in enumerate(plan.steps):
        if step.invocation.alias:
            continue
        live = [p for p in plan.arena.placements.values() if p.size and p.first_step <= index <= p.last_step]
        live.sort(key=lambda p: (p.offset, p.buffer))
        rows.append(
            StepMemory(
                step=index,
                operator=step.operator.name,
                kernel=step.invocation.kernel,
                bytes_alive=covered_bytes((p.offset, p.size) for p in live),
                highest=max((p.offset + p.size for p in live), default=0),
                live=tuple(live),
            )
        )
    return rows


def as_dict(plan: Plan) -> dict[str, Any]:
    """The memory map with the arena's totals, ready for JSON. Sizes in bytes."""
    arena = plan.arena
    return {
        "arena_bytes": arena.size,
        "lower_bound": arena.lower_bound,
        "live_bound": arena.live_bound,
        "gap_bytes": arena.size - arena.lower_bound,
        "peak_step": arena.peak_step,
        "steps": [asdict(row) for row in memory_map(plan)],
    }


def as_text(plan: Plan) -> str:
    """The memory map as a table; buffers are written name@offset+size, `*` marks the peak step."""
    arena = plan.arena
    rows = [("step", "operator", "kernel", "bytes", "live buffers (name@offset+size)")]
    for row in memory_map(plan):
        mark = "*" if row.step == arena.peak_step else " "
        buffers = "  ".join(f"{p.buffer}@{p.offset}+{p.size}" for p in row.live)
        rows.append((f"{mark}{row.step}", row.operator, row.kernel, str(row.bytes_alive), buffers))
    widths = [max(len(r[column]) for r in rows) for column in range(4)]
    lines = [
        f"arena {arena.size} bytes, lower bound {arena.lower_bound} (gap {arena.size - arena.lower_bound}), "
        f"without sharing {arena.live_bound}"
    ]
    for step, operator, kernel, size, buffers in rows:
        cells = (step.rjust(widths[0]), operator.ljust(widths[1]), kernel.ljust(widths[2]), size.rjust(widths[3]))
        lines.append("  ".join((*cells, buffers)).rstrip())
    return "\n".join(lines) + "\n"


def covered_bytes(blocks: Iterable[tuple[int, int]]) -> int:
    """Bytes covered by blocks of memory (offset, size), in any order; where blocks overlap they count once."""
    covered = end = 0
    for offset, size in sorted(blocks):
        covered += max(0, offset + size - max(end, offset))
        end = max(end, offset + size)
    return covered
