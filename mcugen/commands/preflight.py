"""What a command can tell before it imports what takes seconds: files that are not there, boards that nobody knows."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from mcugen.borders.files import Source, require_file

if TYPE_CHECKING:
    from mcugen.boards import Board


def require_module(folder: Path) -> None:
    """Raises InputError when the folder is no module's."""
    from mcugen.emit import paths

    paths.require_module(folder)


def require_model(model: Path) -> None:
    """Raises InputError when there is no such file, or it is a LiteRT file that is damaged."""
    require_file(Source(model, "the model file", "check the path"))
    from mcugen.frontend import is_litert

    if is_litert(model):
        from mcugen.frontend.litert.file import read_file

        read_file(model)


def require_calibration(given: str | None) -> None:
    """Raises InputError when it is to be read from a file and there is no such file."""
    if given is not None and given != "random":
        require_file(Source(Path(given), "the calibration file", "check the path, or give --calibration random"))


def require_board(name: str) -> Board:
    """Raises InputError when there is no such board, or its file is wrong."""
    from mcugen.boards import load_board

    return load_board(name)
