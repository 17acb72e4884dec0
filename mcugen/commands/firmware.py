"""What is done with a module's firmware: `mcugen run`, `verify`, `compare`, `serve`."""

from __future__ import annotations

import json
from contextlib import suppress
from pathlib import Path
from typing import Annotated

import typer

from mcugen.commands import in_project
from mcugen.commands.options import (
    AllowEdited,
    CompareFormat,
    FirmwareKind,
    Jobs,
    Json,
    Markdown,
    MaybeModule,
    ModuleFolder,
    OnlyBoards,
    OnlyModels,
    ProjectFile,
    ReportPage,
    ResetEvery,
    Runner,
    RunnerName,
)
from mcugen.commands.preflight import require_module
from mcugen.commands.terminal import errors, output, progress_bars, warn
from mcugen.errors import CheckFailedError, InputError
from mcugen.report.files import check_place


def run(
    folder: MaybeModule = None,
    inputs: Annotated[
        Path | None, typer.Option(metavar="IN.npz", help="An array per input, first axis = samples.")
    ] = None,
    outputs: Annotated[Path | None, typer.Option(metavar="OUT.npz", help="Gets an int8 array per output.")] = None,
    labels: Annotated[
        Path | None,
        typer.Option(
            metavar="Y.npy",
            help="The true class of each sample: counts right and mistaken ones.",
        ),
    ] = None,
    top: Annotated[
        int, typer.Option(metavar="K", min=1, help="With --labels: also how many are among the K highest scores.")
    ] = 1,
    floats: Annotated[
        bool,
        typer.Option(
            "--float", help="Also write NAME.float, what the integers stand for, with NAME.scale and .zero_point."
        ),
    ] = False,
    runner: Runner = RunnerName.auto,
    reset_every: ResetEvery = None,
    allow_edited: AllowEdited = False,
    project: ProjectFile = None,
    model: OnlyModels = None,
    board: OnlyBoards = None,
    as_json: Json = False,
) -> None:
    """Run a module's firmware in an emulator on your own samples; without DIR, the module of the project."""
    if folder is None:
        entry = in_project.only_entry(in_project.open_project(project, model, board, otherwise="give DIR"))
        folder = entry.folder
        if inputs is None:
            # The project's labels are those of its own samples.
            inputs, labels = entry.inputs, labels or entry.labels
    if inputs is None or outputs is None:
        missing = "--inputs" if inputs is None else "--outputs"
        raise InputError(f"{missing} is missing", hint="mcugen run DIR --inputs IN.npz --outputs OUT.npz")
    require_module(folder)
    from mcugen.report import text
    from mcugen.verify.run import run_samples

    with progress_bars() as progress:
        result = run_samples(
            folder,
            inputs,
            outputs,
            runner=runner.value,
            allow_edited=allow_edited,
            progress=progress,
            reset_every=reset_every,
            labels=labels,
            floats=floats,
            top=top,
        )
    for text_of_doubt in result.doubts:
        warn(text_of_doubt)
    if as_json:
        print(json.dumps(result.as_json()))
    else:
        output.print(text.run_summary(result, outputs))


def verify(
    context: typer.Context,
    folder: MaybeModule = None,
    runner: Runner = RunnerName.auto,
    firmware: Annotated[FirmwareKind, typer.Option(help="Bare-metal harness, or a Zephyr image.")] = FirmwareKind.bare,
    layers: Annotated[bool, typer.Option("--layers", help="Print the table of layers.")] = False,
    report: ReportPage = None,
    markdown: Markdown = False,
    reset_every: ResetEvery = None,
    allow_edited: AllowEdited = False,
    project: ProjectFile = None,
    model: OnlyModels = None,
    board: OnlyBoards = None,
    jobs: Jobs = None,
    as_json: Json = False,
) -> None:
    """Prove that the firmware computes what the model computes, bit by bit, and count it.

    Without DIR: all modules of the project, and their budgets.
    """
    if folder is None:
        chosen = in_project.open_project(project, model, board, otherwise="give DIR")
        given = in_project.given_options(context)
        if not given & {"layers", "report", "markdown", "reset_every"}:
            ways = {"runner": runner.value, "firmware": firmware.value}
            chosen = chosen.with_ways({name: value for name, value in ways.items() if name in given})
            in_project.verify(chosen, jobs=jobs, allow_edited=allow_edited, as_json=as_json)
            return
        folder = in_project.only_entry(chosen).folder
    require_module(folder)
    from mcugen.emit.details import load_details
    from mcugen.report import html, text
    from mcugen.report import markdown as in_markdown
    from mcugen.report.page.subjects import verified
    from mcugen.verify.verify import verify_module

    if report is not None:
        check_place(report, "--report")

    with progress_bars() as progress:
        result = verify_module(
            folder,
            firmware=firmware.value,
            runner=runner.value,
            allow_edited=allow_edited,
            progress=progress,
            reset_every=reset_every,
        )
    subject = verified(result, load_details(folder, result.manifest)) if report or markdown else None
    if report is not None and subject is not None:
        html.write_report(subject, report)
    if as_json:
        print(json.dumps(result.as_json()))
    elif markdown and subject is not None:
        print(in_markdown.report(subject), end="")
    else:
        for part in text.verify_summary(result, layers=layers):
            output.print(part)
    if not result.ok:
        raise CheckFailedError(result.failure)


def compare(
    old: Annotated[
        Path | None, typer.Argument(metavar="OLD.json", help="What `mcugen verify --json` printed before.")
    ] = None,
    new: Annotated[Path | None, typer.Argument(metavar="NEW.json", help="What it prints now.")] = None,
    fail_over: Annotated[
        str | None,
        typer.Option(
            metavar="PERCENT",
            help="Fail when instructions (of the module or a layer), flash, RAM or stack grew by more, such as 2%.",
        ),
    ] = None,
    show_all: Annotated[bool, typer.Option("--all", help="Show unchanged layers too.")] = False,
    form: Annotated[
        CompareFormat, typer.Option("--format", help="Tables for a terminal, or for a pull request's comment.")
    ] = CompareFormat.text,
    project: ProjectFile = None,
    model: OnlyModels = None,
    board: OnlyBoards = None,
    as_json: Json = False,
) -> None:
    """Compare two verified modules, figure by figure and layer by layer.

    Without files: the modules of the project as they are now with its baseline.
    """
    if old is None:
        chosen = in_project.open_project(project, model, board, otherwise="give OLD.json and NEW.json")
        markdown = form is CompareFormat.markdown
        in_project.compare(chosen, fail_over=fail_over, show_all=show_all, markdown=markdown, as_json=as_json)
        return
    if new is None:
        raise InputError("NEW.json is missing", hint="mcugen compare OLD.json NEW.json")
    from mcugen.report import comparison as report
    from mcugen.verify.regression import compare_files

    result = compare_files(old, new, fail_over=fail_over)
    for warning in result.warnings:
        warn(warning)
    if as_json:
        print(json.dumps(result.as_json()))
    elif form is CompareFormat.markdown:
        print(report.markdown(result, show_all=show_all), end="")
    else:
        for part in report.text_summary(result, show_all=show_all):
            output.print(part)
    if not result.ok:
        raise CheckFailedError(result.failure)


def serve(
    folder: ModuleFolder,
    runner: Runner = RunnerName.auto,
    terminal: Annotated[Path | None, typer.Option(metavar="LINK", help="Make this link to the terminal.")] = None,
    allow_edited: AllowEdited = False,
) -> None:
    """Run the firmware of `emit --harness` in an emulator, its UART as a pseudo-terminal, until interrupted."""
    require_module(folder)
    from mcugen.testbench.serve import serve as run_firmware

    firmware = run_firmware(folder, runner=runner.value, link=terminal, allow_edited=allow_edited)
    with firmware as served, suppress(KeyboardInterrupt):
        # Whoever started this reads the line to know where to connect, and may interrupt at once.
        print(terminal or served.terminal, flush=True)
        errors.print(f"{served.runner} is running; Ctrl-C ends it")
        served.wait()
