"""`mcugen verify`: outputs and layers of the emulated firmware against the integer reference."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np

from mcugen.emit.manifest import Manifest
from mcugen.emit.opened import open_module
from mcugen.emit.vectors import Vectors, check_vectors, load_vectors
from mcugen.firmware import FirmwareKind
from mcugen.graph.tensor import IntArray
from mcugen.scratch import scratch_folder
from mcugen.verify.compare import Difference, first_difference
from mcugen.verify.measure import Progress, build_and_run, measurement, require_states
from mcugen.verify.result import Measurement, VerifyOutcome


def verify_module(
    folder: Path,
    *,
    firmware: FirmwareKind = "bare",
    runner: str = "auto",
    allow_edited: bool = False,
    progress: Progress | None = None,
    reset_every: int | None = None,
    trace: bool = True,
) -> VerifyOutcome:
    """Builds the module's firmware twice: as shipped (outputs and counts), and with a hook after every layer.

    Args:
        firmware: "bare", the module with a small harness; "zephyr", a Zephyr application image of the board.
        runner: "auto", or the name of one.
        allow_edited: files that were edited since emission are taken; the result names them.
        reset_every: vectors after which the state of the module starts again; None: all are one sequence.
        trace: False: as shipped alone, so that outputs are compared and layers are not.

    Raises:
        InputError: the folder is no module, or was edited, or no runner can run such firmware of its board.
        MissingToolError: no compiler, emulator or Zephyr workspace.
        CheckFailedError: the firmware crashed or hung.
    """
    opened = open_module(folder, allow_edited=allow_edited)
    manifest, vectors = opened.manifest, load_vectors(folder)
    check_vectors(vectors, manifest)
    require_states(manifest, reset_every, folder)
    expected = vectors.outputs_from(reset_every)
    inputs = [vectors.inputs[p.name] for p in manifest.inputs]
    report = progress or (lambda stage, done, total: None)

    def building(done: int, total: int) -> None:
        report("building Zephyr", done, total)

    with scratch_folder("mcugen-verify-") as scratch:
        report("verifying", 0, 2)
        built, result = build_and_run(
            folder,
            manifest,
            inputs,
            mode="measure",
            kind=firmware,
            runner=runner,
            scratch=scratch,
            building=building,
            reset_every=reset_every,
        )
        report("verifying", 1, 2)
        matches: list[tuple[bool | None, Difference | None]] = [(None, None)] * len(manifest.layers)
        if trace:
            first = [i[:1] for i in inputs]
            _, traced = build_and_run(
                folder,
                manifest,
                first,
                mode="trace",
                kind=firmware,
                runner=runner,
                scratch=scratch,
                building=building,
            )
            assert traced.layer_outputs is not None
            matches = _compare_layers(vectors, traced.layer_outputs, manifest)
        report("verifying", 2, 2)
        # Reads the linked firmware, which ends with the folder.
        measured = measurement(manifest, built, result, matches)
    differences = _differences(expected, result.outputs, manifest)
    return VerifyOutcome(
        manifest, len(inputs[0]), measured, differences, _over_budget(manifest, measured), opened.edited
    )


def _differences(
    expected: Mapping[str, IntArray], outputs: Sequence[IntArray], manifest: Manifest
) -> dict[str, Difference]:
    found = {}
    for port, actual in zip(manifest.outputs, outputs, strict=True):
        wanted = expected[port.name]
        difference = first_difference(wanted, actual.reshape(wanted.shape))
        if difference is not None:
            found[port.name] = difference
    return found


def _compare_layers(
    vectors: Vectors, actual: Sequence[IntArray], manifest: Manifest
) -> list[tuple[bool | None, Difference | None]]:
    matches: list[tuple[bool | None, Difference | None]] = []
    given = iter(actual)
    for layer in manifest.layers:
        found = []
        for result in layer.results:
            expected = vectors.layers[result.name]
            typed = np.ascontiguousarray(next(given)).view(expected.dtype)
            found.append(first_difference(expected, typed.reshape(expected.shape)))
        difference = next((d for d in found if d is not None), None)
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
    over = [
        f"{kind} is {used} bytes, {used - limit} bytes over {what} ({limit} bytes)"
        for kind, used, limit, what in limits
        if limit is not None and used > limit
    ]
    budgets = (
        (measured.instructions, "instructions", manifest.options.get("max_instructions"), "--max-instructions"),
        (measured.cycles, f"cycles ({measured.cycles_source})", manifest.options.get("max_cycles"), "--max-cycles"),
    )
    for used, what, limit, option in budgets:
        if limit is not None and used is None:
            over.append(f"{option} ({limit}) cannot be held: there is no timing model for {board.cpu.core}")
        elif limit is not None and used is not None and used > limit:
            over.append(f"{used} {what} an inference, {used - limit} over {option} ({limit})")
    return tuple(over)
