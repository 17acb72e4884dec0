"""Builds a module's firmware, of either kind, and runs it: the part that run and verify share."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from mcugen.emit.manifest import Manifest
from mcugen.emulate import select_runner
from mcugen.emulate.runner import Progress as RunProgress
from mcugen.emulate.runner import RunResult
from mcugen.errors import InputError
from mcugen.firmware import Firmware, FirmwareKind, Mode, build_firmware
from mcugen.firmware.zephyr import build_zephyr_firmware
from mcugen.graph.tensor import IntArray
from mcugen.verify.compare import Difference
from mcugen.verify.estimate import estimate
from mcugen.verify.result import LayerResult, Measurement, ZephyrMeasurement

Progress = Callable[[str, int, int], None]

_BUILDERS: Mapping[FirmwareKind, Callable[..., Firmware]] = {
    "bare": build_firmware,
    "zephyr": build_zephyr_firmware,
}
# Below the scratch folder. Both images of Zephyr share one, so that the second build compiles only what differs.
_BUILD_FOLDERS: Mapping[FirmwareKind, str] = {"bare": "bare-{mode}", "zephyr": "zephyr"}


def build_and_run(
    folder: Path,
    manifest: Manifest,
    inputs: Sequence[IntArray],
    *,
    mode: Mode,
    kind: FirmwareKind,
    runner: str,
    scratch: Path,
    progress: RunProgress | None = None,
    building: RunProgress | None = None,
    reset_every: int | None = None,
) -> tuple[Firmware, RunResult]:
    """Builds a module's firmware and runs all samples in it; in mode "measure" the first one is counted.

    Args:
        inputs: one integer array per input, (samples, *device shape).
        runner: "auto", or the name of one.
        scratch: build folders go below it.
        progress: called with the samples that have run, and all.
        building: called with the steps of a Zephyr build, which takes minutes, that are done, and all.
        reset_every: samples after which the state starts again.
    """
    has_jobs = manifest.npu is not None and bool(manifest.npu.parts)
    chosen = select_runner(runner, manifest.target, kind, npu=has_jobs)
    build_dir = scratch / _BUILD_FOLDERS[kind].format(mode=mode)
    machine = chosen.machine(manifest.target)
    told = {"progress": building} if kind == "zephyr" else {}
    firmware = _BUILDERS[kind](
        folder, manifest, manifest.target, mode=mode, build_dir=build_dir, machine=machine, **told
    )
    return firmware, chosen.run(firmware, inputs, count=mode == "measure", progress=progress, reset_every=reset_every)


def require_states(manifest: Manifest, reset_every: int | None, folder: Path) -> None:
    """Raises InputError where a module without state is to be reset."""
    if reset_every is not None and not manifest.states:
        raise InputError("--reset-every is for models with state, this one has none", where=str(folder))


def measurement(
    manifest: Manifest,
    firmware: Firmware,
    result: RunResult,
    matches: Sequence[tuple[bool | None, Difference | None]],
) -> Measurement:
    """Joins the firmware's sizes, the emulator's counts and the comparison of each layer."""
    layers = tuple(
        LayerResult(entry, count.instructions, count.cycles, manifest.memory.bytes_alive(i), match, difference)
        for i, (entry, count, (match, difference)) in enumerate(
            zip(manifest.layers, result.layers, matches, strict=True)
        )
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
        stack_bytes=firmware.stack.reserved(result.stack_bytes),
        stack_bound_bytes=firmware.stack.bound,
        layers=layers,
        zephyr=_zephyr_measurement(firmware, result),
        state_bytes=manifest.memory.state_bytes,
        estimate=estimate(manifest.target, result.cycles, manifest.memory.constant_bytes),
    )


def _zephyr_measurement(firmware: Firmware, result: RunResult) -> ZephyrMeasurement | None:
    image = firmware.zephyr
    if image is None:
        return None
    sizes = (image.flash_bytes, image.ram_bytes)
    return ZephyrMeasurement(image.board, image.version, *sizes, result.threads, image.heap_bytes)
