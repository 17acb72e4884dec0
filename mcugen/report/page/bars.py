"""Bars of parts: what lies in which memory, and which layer takes the time."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from mcugen.report.page.subject import Subject
from mcugen.report.words import bytes_in_words


@dataclass(frozen=True)
class Segment:
    """A part of a bar; `start` and `share` of it, 0 to 1."""

    name: str
    size: int
    start: float
    share: float
    kind: str
    label: str
    layer: int | None = None


@dataclass(frozen=True)
class Bar:
    """A memory, or the time: a bar of segments."""

    name: str
    words: str
    segments: tuple[Segment, ...]


def memory_bars(subject: Subject) -> list[Bar]:
    """What lies where on the board; what belongs to the application is not counted."""
    manifest, measured = subject.manifest, subject.measured
    memory, board = manifest.memory, manifest.target
    constants = memory.constant_bytes
    code = (subject.flash_bytes or 0) - constants
    parts: dict[str, list[tuple[str, int, str]]] = {m.name: [] for m in board.memories}
    if code > 0:
        parts[board.code_memory].append(("code", code, "code"))
    parts[board.code_memory].append(("constants", constants, "constants"))
    parts[board.data_memory] += [
        ("arena", memory.arena_bytes, "arena"),
        ("state", memory.state_bytes, "state"),
        ("the caller's inputs and outputs", memory.input_bytes + memory.output_bytes, "ports"),
    ]
    if measured is not None:
        parts[board.data_memory].append(("stack", measured.stack_bytes, "stack"))
    if memory.fast_bytes and board.npu is not None:
        parts[board.npu.sram].append(("the NPU's fast memory", memory.fast_bytes, "state"))
    bars = []
    for region in board.memories:
        found = [part for part in parts[region.name] if part[1]]
        used = sum(size for _, size, _ in found)
        where = f"0x{region.start:08x}, {region.kind.replace('_', ' ')}"
        words = f"{bytes_in_words(used)} of {bytes_in_words(region.size)} ({used / max(region.size, 1):.1%}); {where}"
        bars.append(
            Bar(
                region.name,
                words if found else f"{bytes_in_words(region.size)}, not used; {where}",
                _segments(found, max(region.size, used, 1)),
            )
        )
    return bars


def _segments(parts: Sequence[tuple[str, int, str]], total: int) -> tuple[Segment, ...]:
    found, at = [], 0
    for name, size, kind in parts:
        label = f"{name}: {size:,} bytes, {size / total:.1%}"
        found.append(Segment(name, size, at / total, size / total, kind, label))
        at += size
    return tuple(found)


def time_bar(subject: Subject) -> Bar | None:
    """The time of one inference by layer; None where nothing was counted."""
    if subject.measured is None:
        return None
    times = [subject.time(i) or 0 for i in range(len(subject.layers))]
    total, at, segments = max(sum(times), 1), 0, []
    for i, (entry, time) in enumerate(zip(subject.layers, times, strict=True)):
        label = f"{entry.name}: {time:,} {subject.time_unit}, {time / total:.1%}"
        segments.append(Segment(entry.name, time, at / total, time / total, f"hue{i % 6}", label, i))
        at += time
    return Bar("time", f"{total:,} {subject.time_unit} in layers", tuple(segments))
