"""A project as a whole: `mcugen ci` and `mcugen init`."""

from __future__ import annotations

import json
import os
from dataclasses import replace
from pathlib import Path
from typing import Annotated

import typer

from mcugen.commands import completion, in_project
from mcugen.commands.options import Jobs, Json, OnlyBoards, OnlyModels, ProjectFile
from mcugen.commands.terminal import errors, output, progress_bars, warn
from mcugen.errors import InputError


def ci(
    project: ProjectFile = None,
    model: OnlyModels = None,
    board: OnlyBoards = None,
    jobs: Jobs = None,
    markdown: Annotated[
        Path | None,
        typer.Option(metavar="FILE.md", help="Write the table, and what changed, for a summary or a comment."),
    ] = None,
    junit: Annotated[Path | None, typer.Option(metavar="FILE.xml", help="Write a JUnit report.")] = None,
    results: Annotated[
        Path | None, typer.Option(metavar="FILE.json", help="Write all figures, for --baseline another time.")
    ] = None,
    baseline: Annotated[
        Path | None, typer.Option(metavar="FILE.json", help="Earlier --results; default: the project's baseline.")
    ] = None,
    update_baseline: Annotated[
        bool, typer.Option("--update-baseline", help="Write the figures to the project's baseline instead.")
    ] = False,
    force: Annotated[bool, typer.Option("--force", help="Replace files of modules that were edited since.")] = False,
    as_json: Json = False,
) -> None:
    """Emit, verify and measure every model of the project for every board, and hold budgets; goes on after a failure.

    In GitHub Actions the table is added to the summary of the job, too.
    """
    chosen = in_project.open_project(project, model, board)
    from mcugen.project.run import run_matrix
    from mcugen.report import files, matrix
    from mcugen.report.junit import junit as junit_of

    kept = chosen.baseline if update_baseline else None
    if update_baseline and kept is None:
        raise InputError(
            "the project names no baseline to be updated",
            where=str(chosen.file),
            hint="add `baseline: FILE.json` to it",
        )
    if update_baseline and (model or board):
        raise InputError("--update-baseline is about all models and boards", hint="leave --model and --board out")
    for option, path in (("--markdown", markdown), ("--junit", junit), ("--results", results), ("baseline", kept)):
        if path is not None:
            files.check_place(path, option)
    if baseline is not None:
        chosen = replace(chosen, baseline=baseline)
    with progress_bars() as progress:
        result = run_matrix(chosen, compare=not update_baseline, jobs=jobs, force=force, progress=progress, warn=warn)
    text = json.dumps(result.as_json())
    page = matrix.markdown(result).encode()
    if markdown is not None:
        files.write_file(markdown, page)
    if summary := os.environ.get("GITHUB_STEP_SUMMARY"):
        files.write_file(Path(summary), page, append=True)
    if junit is not None:
        files.write_file(junit, junit_of(result))
    for path in (results, kept):
        if path is not None:
            files.write_file(path, f"{text}\n".encode())
    if as_json:
        print(text)
    else:
        output.print(matrix.text_summary(result))
    in_project.end(result)


def init(
    board: Annotated[
        list[str] | None,
        typer.Option("--board", help="A board of the project; repeatable.", autocompletion=completion.boards),
    ] = None,
) -> None:
    """Write a project file, mcugen.yml, to start from: the models of this folder and boards for them."""
    from mcugen.boards import load_board
    from mcugen.project.starter import models_beside, write_starter

    names = [
        name if "/" in name and name.endswith((".yml", ".yaml")) else load_board(name).name for name in board or ()
    ]
    path = write_starter(Path(), names or ["nrf5340dk"])
    if not models_beside(path.parent):
        warn("no .pt2 file lies here: name yours in place of model.pt2")
    errors.print(f"written: {path}; edit it, then run `mcugen ci`")
