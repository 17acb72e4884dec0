"""`mcugen debug`: what is inside the firmware, layer by layer."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated

import typer

from mcugen.commands.options import (
    AllowEdited,
    FirmwareKind,
    Json,
    ModuleFolder,
    Plugins,
    ResetEvery,
    Runner,
    RunnerName,
)
from mcugen.commands.preflight import require_module
from mcugen.commands.terminal import output, progress_bars, warn
from mcugen.errors import CheckFailedError
from mcugen.report.files import check_place


def debug(
    folder: ModuleFolder,
    inputs: Annotated[
        Path, typer.Option(metavar="IN.npz", help="An array per input, first axis = samples, in real numbers.")
    ],
    layer: Annotated[
        list[str] | None,
        typer.Option(metavar="NAME", help="A layer, its tensor, or a path of modules; several times for several. All."),
    ] = None,
    outputs: Annotated[
        Path | None,
        typer.Option(
            "--output",
            metavar="OUT.npz",
            help="Gets NAME.firmware, NAME.reference, NAME.float and more, in the device's layout.",
        ),
    ] = None,
    sample: Annotated[int, typer.Option(metavar="N", min=0, help="Which of the samples, counted from 0.")] = 0,
    firmware: Annotated[FirmwareKind, typer.Option(help="Bare-metal harness, or a Zephyr image.")] = FirmwareKind.bare,
    model: Annotated[
        Path | None, typer.Option(metavar="MODEL", help="The model file of the module, where it has moved.")
    ] = None,
    calibration: Annotated[
        str | None, typer.Option(metavar="FILE.npz", help="Its calibration data, where they have moved.")
    ] = None,
    plugin: Plugins = None,
    runner: Runner = RunnerName.auto,
    reset_every: ResetEvery = None,
    allow_edited: AllowEdited = False,
    as_json: Json = False,
) -> None:
    """Show what layers compute: the firmware's values, the integer reference's and the float model's side by side."""
    require_module(folder)
    if outputs is not None:
        check_place(outputs, "--output")
    from mcugen.assess import debug as debugging
    from mcugen.assess.opened import open_folder
    from mcugen.emit.manifest import load_manifest
    from mcugen.report.debugged import text_summary

    debugging.find_results(load_manifest(folder), layer or ())  # what is wrong with a name is told before the work
    given = open_folder(
        folder,
        model=model,
        calibration=calibration,
        plugins=tuple(plugin or ()),
        reset_every=reset_every,
        allow_edited=allow_edited,
    )
    with progress_bars() as progress:
        result = debugging.debug(
            given,
            inputs,
            layer or (),
            sample=sample,
            firmware=firmware.value,
            runner=runner.value,
            reset_every=reset_every,
            progress=progress,
        )
    if outputs is not None:
        debugging.save_outcome(result, outputs)
    if as_json:
        for doubt in result.doubts:
            warn(doubt)
        print(json.dumps(result.as_json()))
    else:
        for part in text_summary(result):
            output.print(part)
    first = result.first_difference
    if first is not None:
        name = first.layer.name
        raise CheckFailedError(f"layer {name} of the firmware differs from the reference: {first.difference}")
