"""`mcugen verify`: outputs and layers of the emulated firmware against the integer reference."""

from __future__ import annotations

import tempfile
from collections.abc import Sequence
from pathlib import Path

from mcugen.emit.manifest import Manifest, load_manifest
from mcugen.emit.vectors import Vectors, load_vectors
from mcugen.emulate import select_runner
from mcugen.firmware import build_firmware
from mcugen.graph.tensor import IntArray
from mcugen.verify.compare import Difference, first_difference
from mcugen.verify.measure import Progress, measurement, run_measured
from mcugen.verify.result import Measurement, VerifyOutcome


def verify_module(folder: Path, *, runner: str = "auto", progress: Progress | None = None) -> VerifyOutcome:
    """Builds the module's firmware twice: as shipped (outputs and counts), and with a hook after every layer.

    Raises:
        InputError: the folder is no module.
        MissingToolError: no compiler or emulator.
        CheckFailedError: the firmware crashed or hung.
    """
    manifest = load_manifest(folder)
    vectors = load_vectors(folder)
    inputs = [vectors.inputs[p.name] for p in manifest.inputs]
    report = progress or (lambda stage, done, total: None)
    with tempfile.TemporaryDirectory(prefix="mcugen-verify-") as scratch:
        report("verifying", 0, 2)
        firmware, result = run_measured(folder, manifest, inputs, runner=runner, build_dir=Path(scratch))
        report("verifying", 1, 2)
        actual = _layer_outputs(folder, manifest, inputs, runner, Path(scratch))
        report("verifying", 2, 2)
    differences = _differences(vectors, result.outputs, manifest)
    matches = _compare_layers(vectors, actual, manifest)
    measured = measurement(manifest, firmware, result, matches)
    return VerifyOutcome(manifest, len(inputs[0]), measured, differences, _over_budget(manifest, measured))


def _layer_outputs(
    folder: Path, manifest: Manifest, inputs: Sequence[IntArray], runner: str, scratch: Path
) -> Sequence[IntArray]:
    """Every layer's output of the first sample, from the firmware with hooks."""
    firmware = build_firmware(folder, manifest, manifest.target, mode="trace", build_dir=scratch / "trace")
    result = select_runner(runner, manifest.target).run(firmware, [i[:1] for i in inputs], count=False)
    assert result.layer_outputs is not None
    return result.layer_outputs


def _differences(vectors: Vectors, outputs: Sequence[IntArray], manifest: Manifest) -> dict[str, Difference]:
    found = {}
    for port, actual in zip(manifest.outputs, outputs, strict=True):
        expected = vectors.outputs[port.name]
        difference = first_difference(expected, actual.reshape(expected.shape))
        if difference is not None:
            found[port.name] = difference
    return found


def _compare_layers(
    vectors: Vectors, actual: Sequence[IntArray], manifest: Manifest
) -> list[tuple[bool | None, Difference | None]]:
    matches: list[tuple[bool | None, Difference | None]] = []
    for layer, values in zip(manifest.layers, actual, strict=True):
        expected = vectors.layers[layer.output]
        difference = first_difference(expected, values.reshape(expected.shape))
        matches.append((difference is None, difference))
    return matches


def _over_budget(manifest: Manifest, measured: Measurement) -> tuple[str, ...]:
    """The linked sizes against the board and the budgets the module was emitted with."""
    board = manifest.target
    limits = (
        ("flash", measured.flash_bytes, board.flash.size, f"{board.name}'s flash"),
        ("RAM", measured.ram_bytes, board.ram.size, f"{board.name}'s RAM"),
        ("flash", measured.flash_bytes, manifest.options.get("max_flash"), "--max-flash"),
        ("RAM", measured.ram_bytes, manifest.options.get("max_ram"), "--max-ram"),
    )
    return tuple(
        f"{kind} is {used} bytes, {used - limit} bytes over {what} ({limit} bytes)"
        for kind, used, limit, what in limits
        if limit is not None and used > limit
    )
