"""What a shell offers behind an option or a command: names of boards, folders of modules."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path


def boards(incomplete: str) -> list[str]:
    """Names that begin so; none in the middle of a path, which the shell completes itself."""
    from mcugen.boards import list_boards

    # A damaged installation is told by the command, not by a shell between two keys.
    with suppress(Exception):
        return [board.name for board in list_boards() if board.name.startswith(incomplete)]
    return []


def project_models(incomplete: str) -> list[str]:
    """Names of the models of the project in the working folder."""
    return [name for name in _project("models") if name.startswith(incomplete)]


def project_boards(incomplete: str) -> list[str]:
    """Names of its boards."""
    return [name for name in _project("boards") if name.startswith(incomplete)]


def _project(field: str) -> list[str]:
    with suppress(Exception):
        from mcugen.project.loader import find_project, read_project

        return list(getattr(read_project(find_project(None))[0], field))
    return []


def modules(incomplete: str) -> list[str]:
    """Folders that `mcugen emit` wrote, and with a slash those that may hold one."""
    with suppress(OSError, ValueError):
        return sorted(_modules(incomplete))
    return []


def _modules(incomplete: str) -> Iterator[str]:
    start, slash, prefix = incomplete.rpartition("/")
    place = Path(start + slash or ".").expanduser()
    for folder in place.iterdir():
        hidden = folder.name.startswith(".") and not prefix.startswith(".")
        if folder.name.startswith(prefix) and not hidden and folder.is_dir():
            yield f"{start}{slash}{folder.name}" + ("" if (folder / "mcugen.json").is_file() else "/")
