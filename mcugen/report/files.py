"""Reports that go to files which the user names."""

from __future__ import annotations

from pathlib import Path

from mcugen.borders.files import reason
from mcugen.errors import InputError


def check_place(path: Path, option: str) -> None:
    """Raises InputError when no such file can be written: told before the work, not after it."""
    try:
        if path.is_dir():
            raise InputError(f"{option} {path} is a folder", hint="name a file")
        if not path.absolute().parent.is_dir():
            raise InputError(f"the folder of {option} {path} does not exist", hint="make it, or name another file")
    except (OSError, ValueError) as error:
        raise InputError(f"{option} {path} is no usable path: {reason(error)}", hint="name another file") from error


def write_file(path: Path, content: bytes, *, append: bool = False) -> None:
    """Raises InputError when the file cannot be written."""
    try:
        with path.open("ab" if append else "wb") as file:
            file.write(content)
    except (OSError, ValueError) as error:
        raise InputError(f"{path} cannot be written: {reason(error)}", hint="name another file") from error
