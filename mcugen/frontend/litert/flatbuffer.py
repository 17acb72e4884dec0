"""Reads tables of a flatbuffer by the schema in `mcugen/litert/format/tables.py`; nothing in the bytes is trusted.

Every position is checked before it is read. Parts of a damaged file may overlap, so that a small file could describe a
huge tree: what is read in all is bounded by a multiple of the file's size.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt

from mcugen.litert.format.tables import FILE_IDENTIFIER, NUMBERS, fields

_READ_FACTOR = 16
_READ_ALWAYS = 1 << 16


class DamagedError(Exception):
    """The bytes are no flatbuffer of this schema; the text says what is wrong with what."""


@dataclass(eq=False)
class Flatbuffer:
    """The bytes of a file, and how much of them may still be read."""

    data: bytes
    left: int = field(init=False)

    def __post_init__(self) -> None:
        self.left = _READ_FACTOR * len(self.data) + _READ_ALWAYS

    def root(self, table: str) -> Table:
        """The file's own table.

        Raises:
            DamagedError: there is none.
        """
        if self.data[4:8] != FILE_IDENTIFIER:
            raise DamagedError(f"has no identifier {FILE_IDENTIFIER.decode()}")
        return Table(self, self.number("uint", 0, table), table)

    def number(self, kind: str, position: int, what: str) -> Any:
        """The number at a position."""
        form = NUMBERS[kind]
        self.require(position, struct.calcsize(form), what)
        return struct.unpack_from("<" + form, self.data, position)[0]

    def require(self, position: int, size: int, what: str) -> None:
        """Raises DamagedError when the bytes are not all in the file, or too much has been read."""
        if position < 0 or position + size > len(self.data):
            raise DamagedError(f"{what} is outside of the file")
        self.left -= 1
        if self.left < 0:
            raise DamagedError("parts overlap")

    def vector(self, position: int, size: int, what: str) -> tuple[int, int]:
        """(position of the first element, count) of the vector that is referred to at `position`."""
        start = position + self.number("uint", position, what)
        count = self.number("uint", start, what)
        self.require(start + 4, count * size, what)
        return start + 4, count

    def spend(self, count: int) -> None:
        """Accounts for elements that are read at once."""
        self.left -= count
        if self.left < 0:
            raise DamagedError("parts overlap")


@dataclass(frozen=True, eq=False)
class Table:
    """A table in a flatbuffer.

    Attributes:
        position: of its first byte; None: an empty one, whose fields have their defaults.
        name: in the schema.
    """

    file: Flatbuffer
    position: int | None
    name: str

    def has(self, name: str) -> bool:
        """Whether the field is there."""
        return self._place(name) is not None

    def number(self, name: str) -> Any:
        """A field that is a number or a bool."""
        entry, place = fields(self.name)[name], self._place(name)
        return entry.default if place is None else self.file.number(entry.kind, place, f"{self.name}.{name}")

    def text(self, name: str) -> str:
        """A string with what cannot be printed replaced; empty where there is none."""
        return self.bytes(name).tobytes().decode("utf-8", "replace")

    def bytes(self, name: str) -> memoryview:
        """The bytes of a string or of a vector of bytes; empty where there is none."""
        place = self._place(name)
        if place is None:
            return memoryview(b"")
        start, count = self.file.vector(place, 1, f"{self.name}.{name}")
        return memoryview(self.file.data)[start : start + count]

    def numbers(self, name: str) -> npt.NDArray[Any]:
        """A vector of numbers; empty where there is none."""
        form = np.dtype("<" + NUMBERS[fields(self.name)[name].kind.strip("[]")])
        place = self._place(name)
        if place is None:
            return np.zeros(0, form)
        start, count = self.file.vector(place, form.itemsize, f"{self.name}.{name}")
        self.file.spend(count)
        return np.frombuffer(self.file.data, form, count, start)

    def tables(self, name: str) -> list[Table]:
        """A vector of tables; empty where there is none."""
        place, what = self._place(name), f"{self.name}.{name}"
        if place is None:
            return []
        start, count = self.file.vector(place, 4, what)
        kind = fields(self.name)[name].kind.strip("[]")
        places = range(start, start + 4 * count, 4)
        return [Table(self.file, p + self.file.number("uint", p, what), kind) for p in places]

    def table(self, name: str, kind: str | None = None) -> Table | None:
        """A table, of the schema's kind or, in a union, of the one that is asked for; None where there is none."""
        place = self._place(name)
        if place is None:
            return None
        what = kind or fields(self.name)[name].kind
        return Table(self.file, place + self.file.number("uint", place, f"{self.name}.{name}"), what)

    def _place(self, name: str) -> int | None:
        """Where a field's value, or the reference to it, is; None where the table does not have it."""
        if self.position is None:
            return None
        file, at = self.file, self.position
        index = at - file.number("int", at, self.name)
        length, size = file.number("ushort", index, self.name), file.number("ushort", index + 2, self.name)
        entry = 4 + 2 * fields(self.name)[name].id
        if entry + 2 > length:
            return None
        offset = file.number("ushort", index + entry, self.name)
        if offset == 0:
            return None
        if not 4 <= offset < size:
            raise DamagedError(f"{self.name}.{name} is outside of its table")
        return at + int(offset)
