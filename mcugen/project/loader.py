"""Finds and reads `mcugen.yml`."""

from __future__ import annotations

from pathlib import Path

from mcugen.borders import Source
from mcugen.borders.fields import validated
from mcugen.borders.files import is_file
from mcugen.borders.yaml import Place, read_yaml_lines
from mcugen.errors import InputError
from mcugen.project.schema import FILE_NAME, ProjectFields

HINT = "see docs/project_file.md; `mcugen init` writes one to start from"


def find_project(given: Path | None, otherwise: str = "") -> Path:
    """The project file: the one that was named, or that of a named folder; else `mcugen.yml` in the working folder.

    Args:
        otherwise: what else the user can do where there is none.

    Raises:
        InputError: there is none.
    """
    path = given or Path(FILE_NAME)
    if given is not None and given.is_dir():
        path = given / FILE_NAME
    if is_file(path):
        return path
    hint = f"{otherwise}, or start a project with `mcugen init`" if otherwise else "start one with `mcugen init`"
    raise InputError(f"there is no project file {path}" + (" in this folder" if given is None else ""), hint=hint)


def read_project(path: Path) -> tuple[ProjectFields, dict[Place, int]]:
    """A project file's fields, and the line of each.

    Raises:
        InputError: the file is wrong: with the file, the line, the field, and what would be right.
    """
    fields, lines = read_yaml_lines(Source(path, "the project file", HINT))
    if not isinstance(fields, dict):
        raise InputError("a project file holds `models:` and `boards:`", where=str(path), hint=HINT)
    return validated(ProjectFields, fields, path, lines, what="project file", hint=HINT), lines
