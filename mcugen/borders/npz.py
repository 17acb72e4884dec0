"""NumPy's .npz and .npy from outside: arrays of numbers, their headers checked before anything is unpacked.

The format is numpy.lib.format's, versions 1 to 3. NumPy's own reader evaluates a header as a Python expression and
trusts its shape; this one knows the single form that NumPy writes.
"""

from __future__ import annotations

import logging
import math
import os
import re
import zipfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from mcugen.borders.archive import Archive, NoZipError, open_archive
from mcugen.borders.files import Source, read_bytes
from mcugen.errors import InputError

log = logging.getLogger(__name__)

_MAGIC = b"\x93NUMPY"
_PREAMBLES = {1: 10, 2: 12, 3: 12}  # version: bytes of magic, version and header length
_HEADER_LIMIT = 4096
_HEADER = re.compile(
    r"\{'descr': '(?P<descr>[^'\\]{1,16})', 'fortran_order': (?P<fortran>True|False), "
    r"'shape': \((?P<shape>(?:\d{1,18}, ?)*(?:\d{1,18},?)?)\), ?\}\s*",
    re.ASCII,
)
_NUMBERS = re.compile(r"[<>|=]?(?P<kind>[biufc])(?P<bytes>1|2|4|8|16)")
_BYTES = re.compile(r"\|?S(\d{1,12})", re.ASCII)
_MOST_AXES = 32
_NPY_LIMIT = 2**28


@dataclass(frozen=True)
class Array:
    """What an entry's header says. `dtype` is NumPy's name for it, also where the values are no numbers."""

    shape: tuple[int, ...]
    dtype: str
    _entry: str
    _offset: int
    _fortran: bool
    _type: np.dtype[Any] | None

    @property
    def is_real(self) -> bool:
        """Whether the values are integers or real numbers."""
        return self._type is not None and self._type.kind in "iuf"

    @property
    def is_integer(self) -> bool:
        """Whether the values are integers or booleans."""
        return self._type is not None and self._type.kind in "iub"


class Npz:
    """An open .npz; `arrays` by name, without their values."""

    def __init__(self, archive: Archive) -> None:
        self._archive = archive
        self.source = archive.source
        self.arrays: Mapping[str, Array] = {
            name.removesuffix(".npy"): _header(archive, name) for name in archive.entries
        }

    def read(self, name: str) -> npt.NDArray[Any]:
        """The values of an array of numbers.

        Raises:
            InputError: it holds something else, or is damaged.
        """
        array = self.arrays[name]
        if array._type is None:
            raise self.source.error(f"holds values of type {array.dtype}, must be numbers", where=f"array {name!r}")
        content = self._archive.read(array._entry)
        values = np.frombuffer(content, array._type, math.prod(array.shape), array._offset)
        return values.reshape(array.shape, order="F" if array._fortran else "C")

    def read_bytes(self, name: str) -> bytes:
        """An array's content as bytes: of a list of bytes, or of one byte string, its trailing zeros included.

        Raises:
            InputError: there is none, or it holds something else.
        """
        array = self.arrays.get(name)
        if array is None:
            raise self.source.error("is incomplete", where=f"array {name!r} is missing")
        if array.dtype not in ("uint8", "bytes"):
            raise self.source.error(f"holds values of type {array.dtype}, must be bytes", where=f"array {name!r}")
        return self._archive.read(array._entry)[array._offset :]

    def names_for(self, wanted: Sequence[str]) -> dict[str, str] | None:
        """The array of each wanted name: its namesake, or the file's only array for the only wanted name.

        None when the file's arrays are others. The second is said in a warning: NumPy calls an array without a name
        arr_0, and PyTorch renames inputs.
        """
        if set(self.arrays) == set(wanted):
            return {name: name for name in wanted}
        if len(self.arrays) == len(wanted) == 1:
            (only,) = self.arrays
            log.warning("the only array %r is taken for the only input %r", only, wanted[0])
            return {wanted[0]: only}
        return None

    def read_all(self) -> dict[str, npt.NDArray[Any]]:
        """All of them."""
        return {name: self.read(name) for name in self.arrays}


@contextmanager
def open_npz(source: Source) -> Iterator[Npz]:
    """Opens an .npz and reads the headers of its arrays.

    Raises:
        InputError: it cannot be read, is no .npz, is damaged, or would expand beyond measure.
    """
    try:
        with open_archive(source) as archive:
            yield Npz(archive)
    except NoZipError as error:
        raise source.error("is not an .npz, or is cut short") from error


def save_npz(path: Path, arrays: Mapping[str, npt.NDArray[Any]]) -> None:
    """Writes arrays to a file, in one step: nothing half-written is left, and the old file stays until then.

    Raises:
        InputError: it cannot be written.
    """
    beside = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        # Not numpy.savez, whose own parameters are names that no array may have.
        with zipfile.ZipFile(beside, "w") as archive:
            for name, values in arrays.items():
                with archive.open(f"{name}.npy", "w", force_zip64=True) as entry:
                    np.lib.format.write_array(entry, np.ascontiguousarray(values), allow_pickle=False)
        beside.replace(path)
    except OSError as error:
        raise InputError(f"cannot write {path}: {error.strerror}") from error
    finally:
        beside.unlink(missing_ok=True)


def read_npy(source: Source, limit: int = _NPY_LIMIT) -> npt.NDArray[Any]:
    """The values of an .npy file of numbers.

    Raises:
        InputError: it cannot be read, is larger than `limit` bytes, is no .npy, is damaged, or holds no numbers.
    """
    content = read_bytes(source, limit)
    if not content.startswith(_MAGIC):
        raise source.error("is not an .npy, as numpy.save writes it")
    array = _parse(content[: _HEADER_LIMIT + 12], len(content), "", lambda fault: source.error(f"is damaged: {fault}"))
    if array._type is None:
        raise source.error(f"holds values of type {array.dtype}, must be numbers")
    values = np.frombuffer(content, array._type, math.prod(array.shape), array._offset)
    return values.reshape(array.shape, order="F" if array._fortran else "C")


def _header(archive: Archive, entry: str) -> Array:
    name = entry.removesuffix(".npy")

    def damaged(fault: str) -> Exception:
        return archive.source.error(f"is damaged: {fault}", where=f"array {name[:80]!r}")

    if not entry.endswith(".npy"):
        raise damaged("an entry is no array")
    return _parse(archive.read(entry, _HEADER_LIMIT + 12), archive.entries[entry].file_size, entry, damaged)


def _parse(start: bytes, size: int, entry: str, damaged: Callable[[str], Exception]) -> Array:
    """What the start of an array's file says of it.

    Args:
        size: of the whole, in bytes.
    """
    preamble = _PREAMBLES.get(start[6]) if len(start) > 12 and start.startswith(_MAGIC) else None
    if preamble is None:
        raise damaged("an entry is no array")
    length = int.from_bytes(start[8:preamble], "little")
    if preamble + length > len(start) or length > _HEADER_LIMIT:
        raise damaged("the header of an array is cut short or too long")
    text = start[preamble : preamble + length].decode("latin-1")
    match = _HEADER.fullmatch(text)
    if match is None:
        if "'descr': [" in text:
            return Array((), "a structure", entry, 0, False, None)
        raise damaged("the header of an array is no header of NumPy")
    shape = tuple(int(n) for n in match["shape"].replace(",", " ").split())
    if len(shape) > _MOST_AXES:
        raise damaged("an array has too many axes")
    number, text_of_bytes = _NUMBERS.fullmatch(match["descr"]), _BYTES.fullmatch(match["descr"])
    try:
        dtype = np.dtype(match["descr"])
    except (TypeError, ValueError) as error:
        raise damaged(f"the type {match['descr']!r} is none of NumPy's") from error
    offset = preamble + length
    if text_of_bytes is not None and not shape and offset + int(text_of_bytes[1]) == size:
        return Array(shape, "bytes", entry, offset, False, None)
    if number is None:
        kind = "Python objects (a pickle)" if dtype.hasobject else str(dtype)
        return Array(shape, kind, entry, 0, False, None)
    if offset + math.prod(shape) * dtype.itemsize != size:
        raise damaged(f"{size - offset} bytes of data for the shape {shape} of {dtype}")
    return Array(shape, str(dtype), entry, offset, match["fortran"] == "True", dtype)
