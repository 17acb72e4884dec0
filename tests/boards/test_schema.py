"""A user's own board file: what it may say, and what a wrong one gets."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mcugen.boards import load_board
from mcugen.boards.schema import parse_frequency, parse_size
from mcugen.errors import InputError

GOOD = """
description: My board
vendor: Me
cpu: {core: cortex-m4, dsp: true, fpu: single, clock: 64 MHz}
memories:
  flash: {kind: flash, start: 0x08000000, size: 512K}
  ram: {kind: ram, start: "0x20000000", size: 65536}
code_memory: flash
data_memory: ram
"""


def write(folder: Path, text: str, name: str = "mine.yml") -> str:
    (folder / name).write_text(text)
    return str(folder / name)


def test_a_users_own_board(tmp_path: Path) -> None:
    board = load_board(write(tmp_path, GOOD))
    assert board.name == "mine"
    assert (board.flash.size, board.ram.size, board.ram.start) == (512 * 1024, 65536, 0x20000000)
    assert board.cpu.clock_hz == 64_000_000
    assert (board.qemu_machine, board.qemu_exact) == ("mps2-an386", False)


@pytest.mark.parametrize(
    ("old", "new", "field", "message"),
    [
        ("vendor: Me", "vendor: Me\nflavour: 3", "flavour", "not permitted"),
        ("vendor: Me\n", "", "vendor", "required"),
        ("core: cortex-m4", "core: cortex-m5", "cpu.core", "cortex-m55"),
        ("dsp: true", "dsp: false", "cpu", "a cortex-m4 has dsp: true, not false"),
        ("fpu: single", "fpu: double", "cpu", "a cortex-m4 has fpu: none or single, not double"),
        ("fpu: single", "mve: float", "cpu", "has mve: none"),
        ("clock: 64 MHz", "clock: fast", "cpu.clock", "'fast' is not a number"),
        ("size: 512K", "size: 512Q", "memories.flash.size", "'512Q' is not a number"),
        ("size: 512K", "size: 0", "memories.flash.size", "greater than 0"),
        ("size: 512K", "size: true", "memories.flash.size", "not a number"),
        ("start: 0x08000000", "start: -1", "memories.flash.start", "greater than or equal to 0"),
        ("start: 0x08000000", "start: 0xFFFFFFFF", "memories.flash", "beyond the 32-bit address space"),
        ("kind: flash", "kind: eeprom", "memories.flash.kind", "'flash', 'ram'"),
        ("start: 0x08000000", "start: 0x1FFFFFFF", "", "memories flash .* and ram .* overlap"),
        ("code_memory: flash", "code_memory: rom", "", "code_memory is 'rom', the memories are flash, ram"),
        ("vendor: Me", "vendor: Me\nqemu_machine: mps2-an999", "qemu_machine", "no QEMU machine 'mps2-an999'"),
        ("vendor: Me", "vendor: Me\nqemu_machine: mps2-an385", "", "has a cortex-m3, the board a cortex-m4"),
        ("description: My board", 'description: "a\\nb"', "description", "pattern"),
        ("vendor: Me", "vendor: Me\nrenode_platform: http://x/y.repl", "renode_platform", "pattern"),
        ("vendor: Me", "vendor: Me\nrenode_zephyr: true", "", "needs a zephyr_board, a renode_platform and a console"),
        ("  flash:", '  "fl*/ash":', "memories", "pattern"),
    ],
)
def test_wrong_fields_are_named(tmp_path: Path, old: str, new: str, field: str, message: str) -> None:
    assert old in GOOD
    path = write(tmp_path, GOOD.replace(old, new, 1))
    with pytest.raises(InputError, match=message) as caught:
        load_board(path)
    assert caught.value.where is not None and caught.value.where.startswith(path)
    assert field in caught.value.where
    assert "\n" not in caught.value.what


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "holds fields"),
        ("- 1\n", "holds fields"),
        ("cpu: {", "not YAML"),
        ("cpu: 1\ncpu: 2\n", "'cpu' is there twice"),
        ("a: !!python/object/apply:os.system [true]\n", "not YAML"),
        ("? [a]\n: 1\n", "not YAML"),
        ("a: &x [1, 2]\nb: *x\n", "aliases are not taken"),
        ("a: !!int 5\n", "tags are not taken"),
        ("a: " + "[" * 40 + "]" * 40, "nested more than 32 deep"),
        ("a: " + "9" * 5000, "a number is too long"),
        ("a: 2001-99-99\n", "not YAML"),
        ("a: " + "x" * 70_000, "larger than"),
    ],
)
def test_wrong_files_are_named(tmp_path: Path, text: str, message: str) -> None:
    with pytest.raises(InputError, match=message) as caught:
        load_board(write(tmp_path, text))
    assert caught.value.where == str(tmp_path / "mine.yml")


def test_missing_and_binary_files(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="does not exist"):
        load_board(str(tmp_path / "none.yml"))
    (tmp_path / "binary.yml").write_bytes(b"\xff\xfe\x00\x80")
    with pytest.raises(InputError, match="not UTF-8"):
        load_board(str(tmp_path / "binary.yml"))
    (tmp_path / "folder.yml").mkdir()
    with pytest.raises(InputError, match="is no file"):
        load_board(str(tmp_path / "folder.yml"))


def test_file_names_that_cannot_be_board_names(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="file name"):
        load_board(write(tmp_path, GOOD, "my board*.yml"))


@given(st.integers(1, 4096), st.sampled_from([("", 1), ("K", 2**10), ("KB", 2**10), ("M", 2**20), ("MiB", 2**20)]))
def test_sizes(number: int, unit: tuple[str, int]) -> None:
    assert parse_size(f"{number}{unit[0]}") == number * unit[1]
    assert parse_size(hex(number)) == number == parse_size(number)


@given(st.integers(1, 1000))
def test_frequencies_are_decimal(number: int) -> None:
    assert parse_frequency(f"{number}M") == parse_frequency(f"{number} MHz") == number * 10**6


@given(st.text(max_size=8))
def test_any_text_is_a_size_or_a_value_error(text: str) -> None:
    try:
        assert parse_size(text) >= 0
    except ValueError as error:
        assert "not a" in str(error)
