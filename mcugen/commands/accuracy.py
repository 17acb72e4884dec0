"""`mcugen accuracy`: what quantization costs, where, and what would help."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated

import typer

from mcugen.commands import completion, in_project
from mcugen.commands.options import (
    AllowEdited,
    BiasCorrection,
    Equalize,
    Gptq,
    Json,
    Observer,
    Plugins,
    Precision,
    ResetEvery,
    Runner,
    RunnerName,
    States,
    Switch,
)
from mcugen.commands.preflight import require_board, require_calibration, require_model
from mcugen.commands.terminal import output, progress_bars, warn
from mcugen.errors import CheckFailedError, InputError
from mcugen.report.files import check_place, write_file

STAND_IN = "nrf5340dk"
"""The board of a model file without one: nothing runs on it, and nothing is said of it."""


_OF_MODELS = {"board", "state", "observer", "equalize", "gptq", "bias_correction", "precision"}
"""Parameters that a module's manifest decides."""


def accuracy(
    context: typer.Context,
    subject: Annotated[
        Path, typer.Argument(metavar="DIR|MODEL", help="Folder that `mcugen emit` wrote, or a model's file.")
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
    float_model: Annotated[
        Path | None,
        typer.Option(
            "--float",
            metavar="MODEL.pt2",
            help="Of a LiteRT file, or another model that came quantized: the float model that it was made from.",
        ),
    ] = None,
    board: Annotated[
        str | None,
        typer.Option(help="Of a MODEL: run its firmware for this board.", autocompletion=completion.boards),
    ] = None,
    observer: Observer = "best",
    equalize: Equalize = Switch.auto,
    gptq: Gptq = Switch.auto,
    bias_correction: BiasCorrection = Switch.auto,
    precision: Precision = "int8",
    advice: Annotated[
        bool | None,
        typer.Option(
            "--advice/--no-advice",
            help="Try what would help: other ranges, layers in int16. Default: where outputs are below 30 dB or half a "
            "point of right classes is lost.",
        ),
    ] = None,
    search: Annotated[
        float | None,
        typer.Option(metavar="SQNR", help="Find the cheapest mixed precision whose outputs have so many dB."),
    ] = None,
    search_accuracy: Annotated[
        str | None,
        typer.Option(
            metavar="X",
            help="The same for a share of right classes: 93.5 per cent, or float-0.5, points below the model's.",
        ),
    ] = None,
    rules: Annotated[
        Path | None,
        typer.Option("--output", metavar="FILE.yml", help="Gets what the search found, for `emit --precision`."),
    ] = None,
    report: Annotated[Path | None, typer.Option(metavar="FILE.html", help="Of a DIR: write a report page.")] = None,
    state: States = None,
    plugin: Plugins = None,
    reset_every: ResetEvery = None,
    runner: Runner = RunnerName.auto,
    allow_edited: AllowEdited = False,
    as_json: Json = False,
) -> None:
    """Compare integers with the float model on your samples: outputs, layers, classes, and where the error enters."""
    if search is not None and search_accuracy is not None:
        raise InputError("--search and --search-accuracy are two searches", hint="give one of them")
    if rules is not None and search is None and search_accuracy is None:
        raise InputError("--output gets what a search found", hint="give --search or --search-accuracy too")
    if float_model is not None and (search is not None or search_accuracy is not None):
        raise InputError("a search quantizes the float model anew: give it alone, with --calibration")
    if rules is not None:
        check_place(rules, "--output")
    if report is not None:
        check_place(report, "--report")
    given_plugins = tuple(plugin or ())
    if subject.is_dir():
        of_models = _OF_MODELS & in_project.given_options(context)
        if of_models:
            option = sorted(of_models)[0].replace("_", "-")
            raise InputError(f"--{option} is for a model file, {subject} is a module's folder", hint="leave it out")
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
        if report is not None:
            raise InputError("--report is about a module's folder", where=str(subject), hint="emit the model first")
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
            observer=observer,
            equalize=equalize.value,
            gptq=gptq.value,
            bias_correction=bias_correction.value,
            precision=precision,
        )
        given = Given(subject.stem, subject, options, on_board=board is not None)
    from mcugen.assess.beside import assess_beside
    from mcugen.assess.improve import improved, require_open
    from mcugen.assess.run import assess
    from mcugen.emit.details import load_details
    from mcugen.report.accuracy import text_summary
    from mcugen.report.html import write_report
    from mcugen.report.page.comparison import compared

    with progress_bars() as progress:
        if float_model is not None:
            outcome = assess_beside(
                given,
                float_model,
                samples,
                labels=labels,
                with_reference=reference,
                runner=runner.value,
                progress=progress,
            )
        else:
            loaded = given.load(progress=progress)
            require_open(loaded, advice=advice, search=search is not None or search_accuracy is not None)
            found = assess(
                given,
                samples,
                labels=labels,
                reference=reference,
                runner=runner.value,
                progress=progress,
                loaded=loaded,
            )
            outcome = improved(found, advice=advice, sqnr=search, top1=search_accuracy, progress=progress)
    if report is not None and given.manifest is not None:
        write_report(compared(outcome, given.manifest, load_details(subject, given.manifest)), report)
    if rules is not None and outcome.search is not None:
        write_file(rules, outcome.search.rules.encode())
    if as_json:
        for doubt in outcome.doubts:
            warn(doubt)
        print(json.dumps(outcome.as_json()))
    else:
        for part in text_summary(outcome):
            output.print(part)
    if outcome.search is not None and not outcome.search.reached:
        raise CheckFailedError(f"{outcome.search.target} is not reached")
