"""Seeded ways to damage files: bytes at large, and the structure of JSON, YAML, zip and .npy."""

from __future__ import annotations

import copy
import io
import json
import random
import struct
import zipfile
from collections.abc import Callable
from typing import Any

HOSTILE_VALUES: tuple[Any, ...] = (
    *(None, True, False, "", "x", "../../etc", "a\nb", "\x00", "é" * 50, "A" * 5000, "{{7*7}}", "$(true)", "%n%s"),
    *(0, 1, -1, 2, 7, 127, 128, 255, 2**15, 2**31 - 1, 2**31, -(2**31), 2**32, 2**53, 2**63, -(2**63), 10**30),
    *(0.0, -0.0, 0.5, -1.5, 1e-40, 1e30, 1e308, -1e308),
    *([], {}, [[]], [0] * 20, [1, 2], {"a": 1}, [None], [-1], [2**31], {"as_int": -1}, {"as_int": 2**40}),
)
HOSTILE_TEXT = (
    *("1e999", "-", "NaN", "Infinity", "9" * 5000, "0x" + "f" * 300, "[" * 500, "{" * 300, '"', "\\u0000", "\\ud800"),
    *("true", "null", "&a", "*a", "!!python/object/apply:os.system", "<<", "2001-99-99", "---", "? ", "'", ": : :"),
)


def flip_bytes(rng: random.Random, data: bytes) -> bytes:
    """A few bytes changed, where there are any."""
    changed = bytearray(data)
    for _ in range(rng.choice((1, 1, 1, 2, 8, 64)) if data else 0):
        changed[rng.randrange(len(changed))] ^= 1 << rng.randrange(8)
    return bytes(changed)


def damage_words(rng: random.Random, data: bytes) -> bytes:
    """A byte or a few changed in words of four: the fields of a command get other values."""
    content = bytearray(data)
    for _ in range(rng.choice((1, 1, 2, 4))):
        place = 4 * rng.randrange(len(data) // 4)
        content[place + rng.randrange(4)] = rng.choice((0, 1, 0x7F, 0x80, 0xFF, rng.randrange(256)))
    return bytes(content)


def _cut(rng: random.Random, data: bytes) -> bytes:
    return data[: rng.randrange(len(data) + 1)]


def _drop(rng: random.Random, data: bytes) -> bytes:
    start = rng.randrange(len(data) + 1)
    return data[:start] + data[start + rng.choice((1, 4, 100)) :]


def _repeat(rng: random.Random, data: bytes) -> bytes:
    start, size = rng.randrange(len(data) + 1), rng.choice((1, 16, 500))
    return data[:start] + data[start : start + size] * rng.choice((2, 50)) + data[start:]


def _fill(rng: random.Random, data: bytes) -> bytes:
    start, size = rng.randrange(len(data) + 1), rng.choice((1, 4, 8, 200))
    return data[:start] + rng.choice((b"\0", b"\xff", b"\x80", b"9", b"(")) * size + data[start + size :]


def _insert(rng: random.Random, data: bytes) -> bytes:
    start = rng.randrange(len(data) + 1)
    return data[:start] + rng.choice(HOSTILE_TEXT).encode() + data[start:]


def _noise(rng: random.Random, data: bytes) -> bytes:
    return rng.randbytes(rng.choice((0, 1, 30, 4000)))


_BYTES: tuple[Callable[[random.Random, bytes], bytes], ...] = (
    *(flip_bytes, flip_bytes, _cut, _drop, _repeat, _fill, _insert, _noise),
)


def damage_bytes(rng: random.Random, data: bytes) -> bytes:
    """Knows nothing of the format."""
    return rng.choice(_BYTES)(rng, data)


# -- JSON -------------------------------------------------------------------------------------------------------------


def _places(value: Any) -> list[tuple[Any, Any]]:
    """(container, key) of every value below."""
    found: list[tuple[Any, Any]] = []
    pending = [value]
    while pending:
        item = pending.pop()
        keys = list(item) if isinstance(item, dict) else range(len(item)) if isinstance(item, list) else ()
        for key in keys:
            found.append((item, key))
            pending.append(item[key])
    return found


def damage_value(rng: random.Random, value: Any) -> Any:
    """A JSON value with one to three of its parts replaced, removed, renamed, moved or nested."""
    value = copy.deepcopy(value)
    for _ in range(rng.choice((1, 1, 1, 2, 3))):
        places = _places(value)
        if not places:
            return rng.choice(HOSTILE_VALUES)
        container, key = rng.choice(places)
        action = rng.randrange(8)
        if action <= 2:
            container[key] = copy.deepcopy(rng.choice(HOSTILE_VALUES))
        elif action == 3:
            del container[key]
        elif action == 4:
            other, name = rng.choice(places)
            container[key] = copy.deepcopy(other[name]) if name in other or isinstance(other, list) else None
        elif action == 5 and isinstance(container, dict):
            container[rng.choice(("x", "", "name", "é", "__class__"))] = container.pop(key)
        elif action == 6:
            container[key] = [container[key]] if rng.random() < 0.5 else {"a": container[key]}
        elif isinstance(container[key], bool | int | float):
            container[key] = rng.choice((-container[key], container[key] + 1, container[key] * 1000, 0))
        else:
            container[key] = rng.choice(HOSTILE_VALUES)
    return value


def damage_json(rng: random.Random, data: bytes) -> bytes:
    """The text of a JSON value, damaged as a value or as a text."""
    if rng.random() < 0.25:
        return damage_bytes(rng, data)
    text = json.dumps(damage_value(rng, json.loads(data)))
    if rng.random() < 0.1:
        deep = rng.choice((50, 500, 5000))
        text = "[" * deep + text + "]" * deep
    return text.encode()


# -- zip --------------------------------------------------------------------------------------------------------------

Edit = Callable[[random.Random, str, bytes], bytes]
_LOCAL, _CENTRAL, _END = b"PK\x03\x04", b"PK\x01\x02", b"PK\x05\x06"
# Fields of a central header: (offset, bytes): flags, method, CRC, sizes, name length, extra length, local offset.
_CENTRAL_FIELDS = ((8, 2), (10, 2), (16, 4), (20, 4), (24, 4), (28, 2), (30, 2), (32, 2), (42, 4))
_LOCAL_FIELDS = ((4, 2), (6, 2), (8, 2), (14, 4), (18, 4), (22, 4), (26, 2), (28, 2))
_END_FIELDS = ((8, 2), (10, 2), (12, 4), (16, 4), (20, 2))


def rezip(rng: random.Random, data: bytes, edit: Edit, *, names: Callable[[str], bool] = lambda name: True) -> bytes:
    """The zip with one of its entries passed through `edit`, all checksums right."""
    with zipfile.ZipFile(io.BytesIO(data)) as old:
        entries = [(info.filename, old.read(info)) for info in old.infolist()]
    chosen = rng.choice([name for name, _ in entries if names(name)])
    method = rng.choice((zipfile.ZIP_STORED,) * 6 + (zipfile.ZIP_DEFLATED, zipfile.ZIP_BZIP2))
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_STORED) as new:
        for name, content in entries:
            if name == chosen:
                new.writestr(name, edit(rng, name, content), compress_type=method)
            else:
                new.writestr(name, content)
    return out.getvalue()


def damage_zip(rng: random.Random, data: bytes) -> bytes:
    """Headers that lie, entries that are gone, twice there, or renamed."""
    action = rng.randrange(5)
    if action <= 2:
        mark, fields = rng.choice(((_LOCAL, _LOCAL_FIELDS), (_CENTRAL, _CENTRAL_FIELDS), (_END, _END_FIELDS)))
        starts = [i for i in range(len(data)) if data.startswith(mark, i)]
        if not starts:
            return damage_bytes(rng, data)
        offset, size = rng.choice(fields)
        start = rng.choice(starts) + offset
        value = rng.choice((0, 1, 8, 99, 0xFFFF, 0x7FFFFFFF, 0xFFFFFFFF, rng.randrange(2**32)))
        return data[:start] + struct.pack("<Q", value)[:size] + data[start + size :]
    with zipfile.ZipFile(io.BytesIO(data)) as old:
        entries = [(info.filename, old.read(info)) for info in old.infolist()]
    victim = rng.randrange(len(entries))
    if action == 3:
        entries.pop(victim)
    else:
        name, content = entries[victim]
        other = rng.choice((name, name + "x", "../" + name, "/" + name, "", "x/y", "é.npy", name.upper(), "a" * 3000))
        entries.append((other, content))
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as new:
        for name, content in entries:
            new.writestr(name or "_", content)
    return out.getvalue()


# -- .npy -------------------------------------------------------------------------------------------------------------

_HEADERS = (
    "{'descr': '|O', 'fortran_order': False, 'shape': (3,), }",
    "{'descr': '<f4', 'fortran_order': False, 'shape': (1000000, 1000000), }",
    "{'descr': '<f4', 'fortran_order': False, 'shape': (-1, 4), }",
    "{'descr': '<f4', 'fortran_order': False, 'shape': (99999999999999999999,), }",
    "{'descr': '<f4', 'fortran_order': 7, 'shape': (), }",
    "{'descr': [('a', '<f4'), ('b', '|O')], 'fortran_order': False, 'shape': (1,), }",
    "{'descr': '<V999999999', 'fortran_order': False, 'shape': (0,), }",
    "{'descr': '<M8[ns]', 'fortran_order': False, 'shape': (1,), }",
    "{'descr': '<f4', 'fortran_order': False, 'shape': (" + "1, " * 60 + "), }",
    "{'descr': '<f4', 'fortran_order': True, 'shape': (), }",
    "{'descr': '<c16', 'fortran_order': False, 'shape': (2, 2), }",
    "{'descr': '<f4'}",
    "[1, 2]",
    "",
)


def damage_npy(rng: random.Random, name: str, data: bytes) -> bytes:
    """An array with another header, another version, or damaged bytes."""
    action = rng.randrange(4)
    if action == 0:
        return damage_bytes(rng, data)
    if action == 1:
        size = rng.choice((0, 10, 127, 128, 200))
        return damage_bytes(rng, data[:size]) + data[size:]
    if action == 2:
        return data[:6] + rng.choice((b"\x00\x00", b"\x02\x00", b"\x03\x00", b"\x09\x01")) + data[8:]
    header = rng.choice(_HEADERS).encode()
    return b"\x93NUMPY\x01\x00" + struct.pack("<H", len(header)) + header + data[128:]
