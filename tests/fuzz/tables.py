"""Damage to LiteRT files that knows their structure: lengths, references, fields and entries of vectors."""

from __future__ import annotations

import random
import struct
from dataclasses import dataclass, field
from functools import cache
from typing import Any

from mcugen.frontend.litert.flatbuffer import Flatbuffer, Table
from mcugen.litert.format.enums import OPTIONS
from mcugen.litert.format.tables import NUMBERS, TABLES, fields
from tests.fuzz.mutations import damage_bytes

_HOSTILE = (0, 1, 2, 3, 7, 127, 128, 255, 256, 2**15, 2**16 - 1, 2**24, 2**31 - 1, 2**31, 2**32 - 1, 2**63, 2**64 - 1)


@dataclass(eq=False)
class _Recorder(Flatbuffer):
    """Remembers where it has read a number, and of how many bytes."""

    places: list[tuple[int, int]] = field(default_factory=list)

    def number(self, kind: str, position: int, what: str) -> Any:
        self.places.append((position, struct.calcsize(NUMBERS[kind])))
        return super().number(kind, position, what)


def _walk(table: Table) -> None:
    """Reads everything in a table, and in the tables below."""
    assert isinstance(table.file, _Recorder)
    for name, entry in fields(table.name).items():
        kind = entry.kind
        if kind in NUMBERS:
            table.number(name)
        elif kind == "string" or kind == "[ubyte]":
            table.bytes(name)
        elif kind.strip("[]") in NUMBERS:
            found = table.numbers(name)
            if len(found):
                start = found.__array_interface__["data"][0] - _address(table.file.data)
                table.file.places += [(start + k * found.itemsize, found.itemsize) for k in range(min(len(found), 16))]
        elif kind == "union":
            chosen = table.number(f"{name}_type")
            if name == "builtin_options" and chosen < len(OPTIONS) and OPTIONS[chosen] in TABLES:
                below = table.table(name, OPTIONS[chosen])
                if below is not None:
                    _walk(below)
        elif kind.strip("[]") in TABLES:
            below_all = table.tables(name) if kind.startswith("[") else [table.table(name)]
            for inner in below_all:
                if inner is not None:
                    _walk(inner)


def _address(data: bytes) -> int:
    import numpy as np

    address: int = np.frombuffer(data, np.uint8).__array_interface__["data"][0]
    return address


@cache
def places(data: bytes) -> tuple[tuple[int, int], ...]:
    """(position, bytes) of every number in a good file."""
    file = _Recorder(data)
    _walk(file.root("Model"))
    return tuple(dict.fromkeys(file.places))


def damage_tables(rng: random.Random, data: bytes) -> bytes:
    """One to four numbers of the file changed; or bytes at large."""
    if rng.random() < 0.1:
        return damage_bytes(rng, data)
    changed = bytearray(data)
    for _ in range(rng.choice((1, 1, 1, 2, 4))):
        position, size = rng.choice(places(data))
        value = int.from_bytes(data[position : position + size], "little")
        action = rng.randrange(5)
        if action == 0:
            value = rng.choice(_HOSTILE)
        elif action == 1:
            value += rng.choice((-1, 1, -4, 4, 100, -100))
        elif action == 2:
            value ^= 1 << rng.randrange(8 * size)
        elif action == 3:
            other, width = rng.choice(places(data))
            value = int.from_bytes(data[other : other + width], "little")
        else:
            value = -rng.choice((1, 2, 3, 100))
        changed[position : position + size] = (value % (1 << 8 * size)).to_bytes(size, "little")
    return bytes(changed)
