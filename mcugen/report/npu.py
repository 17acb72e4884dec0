"""What runs on the NPU and what does not, for people: rows of a summary."""

from __future__ import annotations

from itertools import groupby

from mcugen.emit.manifest import Manifest
from mcugen.emit.npu import NpuEntry, OnCpuEntry

_MOST_REASONS = 12


def npu_rows(manifest: Manifest) -> list[tuple[str, str]]:
    """(what, words) pairs; none for a module that was not made for an NPU."""
    npu = manifest.npu
    if npu is None:
        return []
    rows = [("NPU", _summary(npu))]
    for part in npu.parts:
        what = f"{len(part.operators)} operators" if part.operators else "compiled in the model file"
        work = (
            f"{what}, {part.npu_cycles:,} cycles (estimate), "
            f"{part.weights_bytes:,} B of weights, {part.stream_bytes:,} B of commands, "
            f"{part.scratch_bytes:,} B of scratch"
        )
        fast = f", {part.fast_bytes:,} B of fast memory" if part.fast_bytes else ""
        names = f": {_listed(part.operators)}" if part.operators else ""
        rows.append((part.name, f"{work}{fast}{names}"))
    if npu.parts:
        rows += _reasons(npu.on_cpu)
    return rows


def _summary(npu: NpuEntry) -> str:
    where = f"{npu.accelerator} at {npu.clock_hz / 1e6:g} MHz, {npu.memory_mode}"
    if not npu.parts:
        reasons = list(dict.fromkeys(entry.reason for entry in npu.on_cpu))
        return f"{where}: not used; {'; '.join(reasons[:2])}"
    milliseconds = 1000 * npu.npu_cycles / npu.clock_hz
    whose = f"Vela {npu.vela}" if npu.vela else "mcugen's model of it"
    return (
        f"{where}: {npu.npu_cycles:,} cycles, {milliseconds:.3g} ms an inference, by the estimate of {whose}; "
        "instructions and cycles elsewhere are the CPU's alone"
    )


def _listed(names: tuple[str, ...]) -> str:
    return ", ".join(names) if len(names) <= 4 else f"{names[0]}, {names[1]}, … {names[-1]}"


def _reasons(entries: tuple[OnCpuEntry, ...]) -> list[tuple[str, str]]:
    """One row for operators in a row with the same reason."""
    rows = [
        ("on the CPU", f"{_listed(tuple(entry.operator for entry in group))}: {reason}")
        for reason, group in ((reason, list(found)) for reason, found in groupby(entries, lambda e: e.reason))
    ]
    left = len(rows) - _MOST_REASONS
    return [*rows[:_MOST_REASONS], ("", f"and {left} more, in mcugen.json")] if left > 0 else rows
