"""What commands do in a project where they are given nothing else: the same for each of its modules."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import typer
from rich.markup import escape
from rich.text import Text

from mcugen.borders.files import is_file
from mcugen.commands.terminal import output, progress_bars, warn
from mcugen.errors import CheckFailedError, InputError

if TYPE_CHECKING:
    from mcugen.project.entries import Entry, Project
    from mcugen.verify.matrix import MatrixResult


def open_project(
    file: Path | None, models: Sequence[str] | None = None, boards: Sequence[str] | None = None, *, otherwise: str = ""
) -> Project:
    """The project and of its entries those that were asked for; what is wrong with its file is told at once.

    Args:
        otherwise: what else the user can do where there is no project.
    """
    from mcugen.project.loader import find_project, read_project

    path = find_project(file, otherwise)
    read_project(path)
    from mcugen.project.entries import load_project

    return load_project(path).select(models or (), boards or ())


def is_name(model: Path) -> bool:
    """Whether it is to be looked up in the project: a word that is no file, where there is a project."""
    if model.suffix or is_file(model):
        return False
    from mcugen.project.schema import FILE_NAME

    return is_file(Path(FILE_NAME))


def open_for_model(file: Path | None, model: Path | None, board: str | None) -> Project:
    """The project and its entries of a model, which may be named or be one of the project's files."""
    project = open_project(file, boards=[board] if board is not None else (), otherwise="give MODEL and --board")
    if model is None:
        return project
    names = {e.model for e in project.entries if e.model == str(model) or e.file.absolute() == model.absolute()}
    if not names:
        raise InputError(
            f"{model} is none of the project's models",
            where=str(project.file),
            hint="give --board as well, to leave the project aside, or one of "
            + ", ".join(dict.fromkeys(e.model for e in project.entries)),
        )
    return project.select(sorted(names))


def given_options(context: typer.Context) -> set[str]:
    """Names of the parameters that are on the command line."""
    found = {name: context.get_parameter_source(name) for name in context.params}
    return {name for name, source in found.items() if source is not None and source.name == "COMMANDLINE"}


# Where an option's parameter has another name than what it sets.
_PARAMETERS = {
    "states": "state",
    "plugins": "plugin",
    "packages": "package",
    "version": "package_version",
    "vendor": "package_vendor",
    "url": "package_url",
    "mlperf_tiny": "harness",
    "input_format": "harness_input",
}


def with_given(context: typer.Context, project: Project, *groups: Mapping[str, Any]) -> Project:
    """With those of the options that are on the command line: they win over the file's.

    Args:
        groups: fields of `Options`, `Publisher` and `Extras`.
    """
    given = given_options(context)
    chosen = (
        {name: value for name, value in group.items() if _PARAMETERS.get(name, name) in given} for group in groups
    )
    return project.with_options(*chosen)


def end(result: MatrixResult) -> None:
    """Ends the command with the code of the result. Raises McugenError where it is not 0."""
    if result.exit_code:
        error = CheckFailedError(result.failure)
        error.exit_code = result.exit_code
        raise error


def emit(chosen: Project, folder: Path | None, *, force: bool) -> None:
    """Emits the modules of a project; `folder`: for the only one, instead of its own."""
    from mcugen.project.run import run_matrix
    from mcugen.report import matrix

    if folder is not None:
        if len(chosen.entries) != 1:
            raise InputError(
                f"--output is for one module, the project has {len(chosen.entries)}",
                hint="name a model and a --board, or set `output:` in the project file",
            )
        chosen = replace(chosen, entries=(replace(chosen.entries[0], folder=folder),))
    with progress_bars() as progress:
        result = run_matrix(chosen, verify=False, force=force, progress=progress, warn=warn)
    output.print(matrix.emissions(result))
    end(result)


def verify(project: Project, *, jobs: int | None, allow_edited: bool, as_json: bool) -> None:
    """Verifies the modules of a project as they are in their folders, and holds their budgets; growth is not one."""
    from mcugen.project.run import run_matrix
    from mcugen.report import matrix

    with progress_bars() as progress:
        result = run_matrix(
            project, emit=False, compare=False, jobs=jobs, allow_edited=allow_edited, progress=progress, warn=warn
        )
    if as_json:
        print(json.dumps(result.as_json()))
    else:
        output.print(matrix.text_summary(result))
    end(result)


def compare(project: Project, *, fail_over: str | None, show_all: bool, markdown: bool, as_json: bool) -> None:
    """Verifies the modules of a project and compares them with its baseline."""
    from mcugen.project.run import run_matrix
    from mcugen.report import comparison as report
    from mcugen.verify.matrix import compare_with_baseline

    if project.baseline is None:
        raise InputError(
            "the project names no baseline to compare with",
            where=str(project.file),
            hint="add `baseline: FILE.json` to it and write that file with `mcugen ci --update-baseline`, or compare "
            "two files of `mcugen verify --json`",
        )
    limits = {(e.model, e.board): e.budgets.fail_over for e in project.entries}
    with progress_bars() as progress:
        result = run_matrix(project, emit=False, compare=False, progress=progress, warn=warn)
    found = compare_with_baseline(result, project.baseline, limits, fail_over)
    if as_json:
        print(json.dumps({"results": [{"model": m, "board": b, **c.as_json()} for (m, b), c in found.items()]}))
    for (model, board), comparison in found.items():
        for text in comparison.warnings:
            warn(f"{model} on {board}: {text}")
        if markdown and not as_json:
            print(report.markdown(comparison, show_all=show_all))
        elif not as_json:
            output.print(Text(f"{model} on {board}", style="bold"))
            for part in report.text_summary(comparison, show_all=show_all):
                output.print(part)
    failures = [f"{model} on {board}: {c.failure}" for (model, board), c in found.items() if not c.ok]
    if failures:
        raise CheckFailedError("\n".join(failures))
    end(result)


def check(project: Project, *, as_json: bool) -> None:
    """Lists what of the project's models would be refused, and what they take on its boards."""
    from mcugen import api
    from mcugen.report import text

    rows, bad = [], []
    for entry in project.entries:
        options = entry.options
        result = api.check(entry.file, options.board, options.states, options.plugins, options.precision)
        rows.append({"model": entry.model, "board": entry.board, **result.as_json()})
        if not as_json:
            output.print(Text(f"{entry.model} on {entry.board}", style="bold"))
            output.print(escape(text.feasibility(result)))
        if not result.ok:
            bad.append(f"{entry.model} on {entry.board}")
    if as_json:
        print(json.dumps({"ok": not bad, "results": rows}))
    if bad:
        raise CheckFailedError(f"refused: {', '.join(bad)}")


def only_entry(project: Project) -> Entry:
    """Raises InputError when the project has another number of modules than one."""
    if len(project.entries) != 1:
        names = ", ".join(str(entry.folder) for entry in project.entries)
        raise InputError(
            f"the project has {len(project.entries)} modules", hint=f"name a folder, or --model and --board: {names}"
        )
    return project.entries[0]
