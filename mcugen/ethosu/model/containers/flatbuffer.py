"""Just enough of FlatBuffers to read tables from a file that nobody vouches for: every offset is checked.

Source: FlatBuffers' description of its binary format (flatbuffers.dev, "FlatBuffer Internals").
"""

from __future__ import annotations

import struct
from dataclasses import dataclass


class DamagedError(Exception):
    """An offset points outside the file."""


@dataclass(frozen=True)
class Table:
    """A table: fields by their number in the schema, absent ones have their default."""

    data: bytes
    at: int

    def _number(self, form: str, at: int) -> int:
        if at < 0 or at + struct.calcsize(form) > len(self.data):
            raise DamagedError(f"an offset points to byte {at} of {len(self.data)}")
        return int(struct.unpack_from(form, self.data, at)[0])

    def _place(self, field: int) -> int | None:
        """Where a field lies; None when it is absent."""
        entries = self.at - self._number("<i", self.at)
        slot = 4 + 2 * field
        if slot + 2 > self._number("<H", entries):
            return None
        offset = self._number("<H", entries + slot)
        return self.at + offset if offset else None

    def number(self, field: int, form: str, default: int = 0) -> int:
        """A number; `form`: its struct format, such as "<i"."""
        place = self._place(field)
        return default if place is None else self._number(form, place)

    def _vector(self, field: int) -> tuple[int, int]:
        """Where a vector's elements start, and how many there are."""
        place = self._place(field)
        if place is None:
            return 0, 0
        start = place + self._number("<I", place)
        return start + 4, self._number("<I", start)

    def bytes(self, field: int) -> bytes:
        """A vector of bytes, or a string."""
        start, count = self._vector(field)
        if start + count > len(self.data):
            raise DamagedError(f"a vector of {count} bytes at byte {start} of {len(self.data)}")
        return self.data[start : start + count]

    def integers(self, field: int) -> tuple[int, ...]:
        """A vector of 32-bit integers."""
        start, count = self._vector(field)
        if start + 4 * count > len(self.data):
            raise DamagedError(f"a vector of {count} integers at byte {start} of {len(self.data)}")
        return struct.unpack_from(f"<{count}i", self.data, start)

    def tables(self, field: int) -> tuple[Table, ...]:
        """A vector of tables."""
        start, count = self._vector(field)
        if start + 4 * count > len(self.data):
            raise DamagedError(f"a vector of {count} tables at byte {start} of {len(self.data)}")
        places = range(start, start + 4 * count, 4)
        return tuple(Table(self.data, place + self._number("<I", place)) for place in places)


def root(data: bytes) -> Table:
    """The file's root table."""
    if len(data) < 8:
        raise DamagedError(f"the file has {len(data)} bytes")
    return Table(data, int.from_bytes(data[:4], "little"))
