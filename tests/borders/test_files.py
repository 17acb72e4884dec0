"""Files of a few bytes that would cost without bound, and forms that no writer writes."""

from __future__ import annotations

import io
import tracemalloc
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from mcugen.borders import Source, json
from mcugen.borders.archive import open_archive
from mcugen.borders.npz import open_npz
from mcugen.borders.yaml import read_yaml
from mcugen.errors import InputError


def source(path: Path) -> Source:
    return Source(path, "the file", "write it again")


def cheaply_refused(read: Callable[[], object], words: str) -> None:
    """With an error, and no more than 30 MB."""
    tracemalloc.start()
    try:
        with pytest.raises(InputError, match=words):
            read()
        assert tracemalloc.get_traced_memory()[1] < 30 * 2**20
    finally:
        tracemalloc.stop()


def all_of(path: Path) -> dict[str, Any]:
    with open_npz(source(path)) as file:
        return file.read_all()


def test_an_alias_bomb(tmp_path: Path) -> None:
    lines = ["a0: &a0 [x, x, x, x, x, x, x, x, x]"]
    lines += [f"a{i}: &a{i} [{', '.join([f'*a{i - 1}'] * 9)}]" for i in range(1, 20)]
    path = tmp_path / "bomb.yml"
    path.write_text("\n".join(lines))
    assert path.stat().st_size < 1500
    cheaply_refused(lambda: read_yaml(source(path)), "aliases are not taken")


def test_a_zip_that_expands_a_thousandfold(tmp_path: Path) -> None:
    path = tmp_path / "bomb.npz"
    header = io.BytesIO()
    np.lib.format.write_array_header_1_0(header, {"descr": "<f4", "fortran_order": False, "shape": (2**28,)})
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive, archive.open("x.npy", "w") as entry:
        entry.write(header.getvalue())
        for _ in range(1024):
            entry.write(bytes(2**20))
    assert path.stat().st_size < 2**21
    cheaply_refused(lambda: all_of(path), "would expand to")


def test_entries_over_each_other(tmp_path: Path) -> None:
    """A directory that lists the same bytes a hundred times."""
    path = tmp_path / "overlap.zip"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("a000", bytes(10_000))
        info = archive.infolist()[0]
        for number in range(1, 100):
            copy = zipfile.ZipInfo(f"a{number:03}")
            copy.header_offset, copy.CRC, copy.file_size, copy.compress_size = 0, info.CRC, 10_000, 10_000
            archive.filelist.append(copy)
    cheaply_refused(lambda: open_archive(source(path)).__enter__(), "lie over each other")


@pytest.mark.parametrize(("field", "value"), [(8, 1), (10, 99)], ids=["encrypted", "unknown method"])
def test_entries_that_cannot_be_read(field: int, value: int, tmp_path: Path) -> None:
    path = tmp_path / "x.npz"
    np.savez(path, x=np.zeros(3))
    data = bytearray(path.read_bytes())
    data[data.index(b"PK\x01\x02") + field] = value
    path.write_bytes(bytes(data))
    cheaply_refused(lambda: all_of(path), "encrypted" if field == 8 else "unknown way")


def test_a_shape_beyond_the_data(tmp_path: Path) -> None:
    path = tmp_path / "x.npz"
    array = io.BytesIO()
    np.save(array, np.zeros((2, 3), np.float32))
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("x.npy", array.getvalue().replace(b"(2, 3), }", b"(2, 9), }"))
    cheaply_refused(lambda: all_of(path), "24 bytes of data for the shape")


@pytest.mark.parametrize(
    "array",
    [
        *(np.float32(3), np.zeros(0), np.zeros((2, 0, 3)), np.arange(6).reshape(2, 3), np.arange(6.0).reshape(3, 2).T),
        *(np.ones((1, 2), ">f4"), np.ones(2, bool), np.ones(2, np.complex64), np.ones(3, np.float16), np.uint64(2**63)),
    ],
    ids=lambda a: f"{a.dtype.str}{a.shape}",
)
@pytest.mark.parametrize("save", [np.savez, np.savez_compressed])
def test_reads_what_numpy_writes(array: Any, save: Any, tmp_path: Path) -> None:
    save(tmp_path / "x.npz", x=array, ключ=array)
    found = all_of(tmp_path / "x.npz")
    assert list(found) == ["x", "ключ"]
    for values in found.values():
        assert values.dtype == array.dtype and np.array_equal(values, array)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("{", "line 1"),
        ('{"a": 1, "a": 2}', "'a' is there twice"),
        ("[NaN]", "NaN"),
        ("[-Infinity]", "Infinity"),
        ("[1e999]", "too large"),
        ("[" + "9" * 5000 + "]", "too long"),
        ("[" * 100 + "]" * 100, "64 deep"),
        ("[" * 100_000, "too deeply"),
        ('{"a":' * 100_000, "too deeply"),
        ("[" + "0," * 10_000_000 + "0]", "more than"),
        (b"\xff\xfe\x00", "UTF-8"),
    ],
    ids=range(11),
)
def test_json_that_is_none(text: str | bytes, words: str) -> None:
    with pytest.raises(json.JsonError, match=words):
        json.parse(text)


def test_json() -> None:
    value = {"a": [1, -2.5, None, True, "\u00e9\ud83d\ude00"], "b": {"c": 2**63}}
    assert json.parse(json.json.dumps(value)) == json.json.loads(json.json.dumps(value))
