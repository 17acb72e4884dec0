"""Files that `mcugen compare` cannot take: exit code 2 and one readable message."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from mcugen import cli
from mcugen.emit.manifest import to_json
from tests.verify.outcomes import layer, outcome, write

RESULT = outcome([layer("stem"), layer("head")])


def changed(**fields: Any) -> bytes:
    return json.dumps(RESULT.as_json() | fields).encode()


def without(name: str) -> bytes:
    return json.dumps({k: v for k, v in RESULT.as_json().items() if k != name}).encode()


def layers(**fields: Any) -> bytes:
    body = RESULT.as_json()
    body["layers"][1] |= fields
    return json.dumps(body).encode()


# name: (content of the file, what the message must say)
CASES: dict[str, tuple[bytes, tuple[str, ...]]] = {
    "empty": (b"", ("is not JSON",)),
    "text": (b"match: 4 samples", ("is not JSON",)),
    "cut short": (changed()[:-20], ("is not JSON",)),
    "no UTF-8": (json.dumps({"a": "\u00e9"}, ensure_ascii=False).encode("latin-1"), ("is not JSON",)),
    "UTF-16": (changed().decode().encode("utf-16"), ("is not JSON",)),
    "a list": (b"[]", ("does not hold", "object")),
    "a number": (b"3", ("does not hold", "object")),
    "a manifest": (to_json(RESULT.manifest), ("does not hold", "at: match")),
    "another object": (b"{}", ("does not hold", "at: match")),
    "of run": (without("match"), ("Field required", "at: match")),
    "of compare": (b'{"old": {}, "new": {}, "totals": [], "layers": [], "ok": true}', ("Field required",)),
    "a missing figure": (without("stack_bytes"), ("Field required", "at: stack_bytes")),
    "a figure as text": (changed(flash_bytes="2000"), ("integer", "at: flash_bytes")),
    "a broken figure": (changed(instructions=1.5), ("integer", "at: instructions")),
    "a truth as a figure": (changed(instructions=True), ("integer", "at: instructions")),
    "a negative figure": (changed(ram_bytes=-1), ("greater than or equal to 0", "at: ram_bytes")),
    "a figure without end": (changed(ram_bytes=10**400), ("at: ram_bytes",)),
    "no figure": (changed(arena_bytes=None), ("integer", "at: arena_bytes")),
    "layers as an object": (changed(layers={}), ("array", "at: layers")),
    "a layer's figure": (layers(instructions="many"), ("integer", "at: layers.1.instructions")),
    "a layer without a name": (layers(name=None), ("string", "at: layers.1.name")),
    "two layers of one name": (layers(name="stem"), ("2 layers are called 'stem'", "at: layers")),
}


@pytest.mark.parametrize("place", ["old", "new"])
@pytest.mark.parametrize("case", CASES, ids=[name.replace(" ", "_") for name in CASES])
def test_wrong_content(case: str, place: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    content, words = CASES[case]
    write(tmp_path / "old.json", RESULT)
    write(tmp_path / "new.json", RESULT)
    (tmp_path / f"{place}.json").write_bytes(content)
    check(tmp_path, f"{place}.json", words, capsys)


@pytest.mark.parametrize(
    ("make", "words"),
    [(lambda path: None, ("does not exist",)), (Path.mkdir, ("is no file",))],
    ids=["missing", "folder"],
)
def test_wrong_file(
    make: Callable[[Path], None], words: tuple[str, ...], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    write(tmp_path / "old.json", RESULT)
    make(tmp_path / "new.json")
    check(tmp_path, "new.json", words, capsys)


def check(folder: Path, name: str, words: tuple[str, ...], capsys: pytest.CaptureFixture[str]) -> None:
    assert cli._run(["compare", str(folder / "old.json"), str(folder / "new.json")]) == 2
    printed = capsys.readouterr()
    assert printed.out == ""
    assert printed.err.startswith("error: ") and "Traceback" not in printed.err
    for word in (name, "mcugen verify", "fix: ", *words):
        assert word in printed.err, printed.err
