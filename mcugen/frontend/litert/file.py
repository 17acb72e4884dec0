"""A LiteRT file on the disk, read and checked before anything is imported that takes long."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from mcugen.borders import Source
from mcugen.borders.files import read_bytes
from mcugen.errors import InputError
from mcugen.frontend.litert.flatbuffer import DamagedError
from mcugen.frontend.litert.model import Model, UnreadError, read_model

MAX_BYTES = 1 << 28
"""Of a file: more than the flash of any microcontroller."""


def read_file(path: Path) -> Model:
    """What the file holds, checked.

    Raises:
        InputError: it cannot be read, is damaged, or has what mcugen does not read.
    """
    data = read_bytes(_source(path), MAX_BYTES)
    with telling_file(path):
        return read_model(data)


@contextmanager
def telling_file(path: Path) -> Iterator[None]:
    """Turns a `DamagedError` or an `UnreadError` into the user's InputError about the file."""
    try:
        yield
    except DamagedError as error:
        raise _source(path).error(f"is damaged: {error}") from error
    except UnreadError as error:
        raise InputError(f"mcugen does not read this LiteRT file: {error}", where=str(path), hint=error.hint) from error


def _source(path: Path) -> Source:
    return Source(path, "the LiteRT file", "convert or download it again")
