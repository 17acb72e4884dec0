"""Builds a module's firmware and runs it counted: the part that run and verify share."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

from mcugen.emit.manifest import Manifest
from mcugen.emulate import select_runner
from mcugen.emulate.runner import Progress as RunProgress
from mcugen.emulate.runner import RunResult
from mcugen.firmware import Firmware, build_firmware
from mcugen.graph.tensor import IntArray
from mcugen.verify.compare import Difference
from mcugen.verify.result import LayerResult, Measurement

Progress = Callable[[str, int, int], None]


def run_measured(
    folder: Path,
    manifest: Manifest,
    inputs: Sequence[IntArray],
    *,
    runner: str,
    build_dir: Path,
    progress: RunProgress | None = None,
) -> tuple[Firmware, RunResult]:
    """All samples through the shipped code, the first one counted."""
    chosen = select_runner(runner, manifest.target)
    firmware = build_firmware(folder, manifest, manifest.target, mode="measure", build_dir=build_dir / "measure")
    return firmware, chosen.run(firmware, inputs, count=True, progress=progress)


def measurement(
    manifest: Manifest,
    firmware: Firmware,
    result: RunResult,
    matches: Sequence[tuple[bool | None, Difference | None]],
) -> Measurement:
    """Joins the firmware's sizes, the emulator's counts and the comparison of each layer."""
    layers = tuple(
        LayerResult(entry, count.instructions, count.cycles, match, difference)
        for entry, count, (match, difference) in zip(manifest.layers, result.layers, matches, strict=True)
    )
    return Measurement(
        runner=result.runner,
        machine=result.machine,
        instructions=result.instructions,
        cycles=result.cycles,
        cycles_source=result.cycles_source,
        arena_bytes=manifest.memory.arena_bytes,
        flash_bytes=firmware.flash_bytes,
        ram_bytes=firmware.ram_bytes,
        stack_bytes=result.stack_bytes,
        layers=layers,
    )
