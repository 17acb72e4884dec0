"""`mcugen accuracy`: what quantization costs, where, and what would help."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated

import typer

from mcugen.commands import completion
from mcugen.commands.options import AllowEdited, Json, Plugins, ResetEvery, Runner, RunnerName, States
from mcugen.commands.preflight import require_board, require_calibration, require_model
from mcugen.commands.terminal import output, progress_bars, warn
from mcugen.errors import InputError

STAND_IN = "nrf5340dk"
"""The board of a model file without one: nothing runs on it, and nothing is said of it."""


def accuracy(
    subject: Annotated[
        Path, typer.Argument(metavar="DIR|MODEL", help="Folder that `mcugen emit` wrote, or a float model's file.")
    ],
    samples: Annotated[
        Path, typer.Option(metavar="IN.npz", help="An array per input, first axis = samples, as for calibration.")
    ],
    labels: Annotated[
        Path | None, typer.Option(metavar="Y.npy", help="The true class of each sample: what both make of them.")
    ] = None,
    reference: Annotated[
        bool, typer.Option("--reference", help="Leave the firmware out: the integer reference, which has its bits.")
    ] = False,
    model: Annotated[
        Path | None, typer.Option(metavar="MODEL", help="Of a DIR: the model file, where it has moved.")
    ] = None,
    calibration: Annotated[
        str | None, typer.Option(metavar="FILE.npz", help="Of a MODEL; of a DIR: where the file has moved.")
    ] = None,
    board: Annotated[
        str | None,
        typer.Option(help="Of a MODEL: run its firmware for this board.", autocompletion=completion.boards),
    ] = None,
    state: States = None,
    plugin: Plugins = None,
    reset_every: ResetEvery = None,
    runner: Runner = RunnerName.auto,
    allow_edited: AllowEdited = False,
    as_json: Json = False,
) -> None:
    """Compare integers with the float model on your samples: outputs, layers, classes, and where the error enters."""
    given_plugins = tuple(plugin or ())
    if subject.is_dir():
        if board is not None or state:
            raise InputError(
                f"{'--board' if board is not None else '--state'} is for a model file, {subject} is a module's folder"
            )
        from mcugen.assess.opened import open_folder

        given = open_folder(
            subject,
            model=model,
            calibration=calibration,
            plugins=given_plugins,
            reset_every=reset_every,
            allow_edited=allow_edited,
        )
    else:
        require_model(subject)
        if model is not None:
            raise InputError("--model is for a module's folder", where=str(subject), hint="leave it out")
        require_calibration(calibration)
        target = require_board(board or STAND_IN)
        from mcugen.api import Options
        from mcugen.assess.opened import Given

        options = Options(
            board=target,
            calibration=calibration if calibration in (None, "random") else Path(calibration),
            states=tuple(state or ()),
            plugins=given_plugins,
            reset_every=reset_every,
        )
        given = Given(subject.stem, subject, options, on_board=board is not None)
    from mcugen.assess.run import assess
    from mcugen.report import accuracy as report

    with progress_bars() as progress:
        found = assess(
            given, samples, labels=labels, reference=reference, runner=runner.value, progress=progress
        ).outcome
    for doubt in found.doubts if as_json else ():
        warn(doubt)
    if as_json:
        print(json.dumps(found.as_json()))
        return
    for part in report.text_summary(found):
        output.print(part)
