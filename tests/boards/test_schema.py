"""A user's own board file: what it may say, and what a wrong one gets."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mcugen.boards import load_board
from mcugen.boards.quantities import parse_frequency, parse_size
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


NPU = (
    GOOD.replace(
        "code_memory",
        "  ram2: {kind: ram, start: 0x30000000, size: 64K}\n  itcm: {kind: tcm, start: 0x0, size: 64K}\ncode_memory",
        1,
    )
    + """
npu:
  accelerator: ethos-u65-256
  accelerators: [ethos-u65-512]
  memory_mode: Dedicated_Sram
  scratch: ram
  cache_size: 32K
  clock: 1 GHz
  address: 0x48102000
  interrupt: 56
  sram: ram2
  weights: flash
  axi0: {area: Sram, burst_length: 32, read_latency: 32, write_latency: 32, max_reads: 8, max_writes: 8}
  axi1: {area: Dram, clock_scale: 0.5, burst_length: 64, read_latency: 9, write_latency: 8, max_reads: 9, max_writes: 2}
"""
)


def test_the_npu_of_a_users_own_board(tmp_path: Path) -> None:
    npu = load_board(write(tmp_path, NPU)).npu
    assert npu is not None and npu.axi1 is not None
    assert npu.accelerators == ("ethos-u65-256", "ethos-u65-512")
    assert (npu.clock_hz, npu.address, npu.interrupt, npu.cache_size) == (10**9, 0x48102000, 56, 32 * 1024)
    assert (npu.sram, npu.scratch, npu.weights) == ("ram2", "ram", "flash")
    assert (npu.axi0.area, npu.axi0.clock_scale, npu.axi0.ports) == ("Sram", 1.0, 1)
    assert (npu.axi1.area, npu.axi1.clock_scale, npu.axi1.max_writes) == ("Dram", 0.5, 2)


def test_constants_beside_the_scratch_need_no_second_port(tmp_path: Path) -> None:
    text = NPU.replace("Dedicated_Sram\n  scratch: ram\n  cache_size: 32K", "Sram_Only").replace(
        "sram: ram2", "sram: ram"
    )
    text = text.replace("weights: flash", "weights: ram2").replace("code_memory: flash", "code_memory: ram2")
    npu = load_board(write(tmp_path, text[: text.index("  axi1")])).npu
    assert npu is not None
    assert (npu.axi1, npu.scratch, npu.cache_size) == (None, "ram", 0)


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("accelerator: ethos-u65-256", "accelerator: ethos-u65-128", "npu.accelerator: .*'ethos-u65-512'"),
        ("[ethos-u65-512]", "[ethos-u85-512]", "npu: .*of one family, here ethos-u65"),
        ("Dedicated_Sram", "Dedicated_Sram_384KB", "npu.memory_mode: .*'Shared_Sram'"),
        ("Dedicated_Sram", "Shared_Sram", "npu: .*Shared_Sram takes no scratch"),
        ("  scratch: ram\n", "", "npu: .*Dedicated_Sram needs scratch"),
        ("  cache_size: 32K\n", "", "npu: .*Dedicated_Sram needs cache_size"),
        ("u65-256\n  accelerators: [ethos-u65-512]", "u55-256", "npu: .*U55 only reads through its second port"),
        ("Dedicated_Sram\n  scratch: ram\n  cache_size: 32K", "Sram_Only", "npu: .*Sram_Only takes no axi1"),
        ("  axi1: {area: Dram", "  axi1: {area: Sram", "npu: .*axi1.area cannot be Sram in memory_mode Dedicated_Sram"),
        ("  axi1: {area: Dram", "  axi1: {area: OffChipFlash", "npu: .*its area is Dram, not OffChipFlash"),
        ("  axi0: {area: Sram", "  axi0: {area: Dram", "npu: .*axi0 is on-chip RAM"),
        ("burst_length: 64", "burst_length: 48", "npu.axi1: .*a power of two, not 48"),
        ("max_writes: 2}", "max_writes: 0}", "npu.axi1: .*Dram is written: it needs max_writes"),
        ("max_reads: 9,", "max_reads: 0,", "npu.axi1.max_reads: .*greater than or equal to 1"),
        ("clock_scale: 0.5", "clock_scale: 0", "npu.axi1.clock_scale: .*greater than 0"),
        ("address: 0x48102000", "address: 0x48102004", "npu: .*0x48102004 is no multiple of 4096"),
        ("address: 0x48102000", "address: 0x08001000", ": .*npu.address 0x8001000 lies in memory flash"),
        ("interrupt: 56", "interrupt: 480", "npu.interrupt: .*less than 480"),
        ("interrupt: 56", "irq: 56", "npu.interrupt: .*required"),
        ("sram: ram2\n", "sram: sram\n", ": .*npu.sram is 'sram', the memories are flash, ram, ram2, itcm"),
        ("weights: flash", "weights: rom", ": .*npu.weights is 'rom'"),
        ("sram: ram2\n", "sram: flash\n", ": .*npu.sram is written, and flash is flash"),
        (
            "scratch: ram",
            "scratch: itcm",
            ": .*npu.scratch: an NPU does not reach tightly coupled memory",
        ),
        ("scratch: ram\n", "scratch: ram2\n", ": .*npu.scratch is ram2, and data_memory ram"),
        ("weights: flash", "weights: ram2", ": .*npu.weights is ram2, and code_memory flash"),
        ("cache_size: 32K", "cache_size: 65K", ": .*npu.cache_size is 66560 bytes, and ram2 has 65536"),
    ],
)
def test_a_wrong_npu_is_told_where(tmp_path: Path, old: str, new: str, message: str) -> None:
    assert old in NPU
    path = write(tmp_path, NPU.replace(old, new, 1))
    with pytest.raises(InputError) as caught:
        load_board(path)
    assert caught.value.where is not None
    field = caught.value.where.removeprefix(path).removeprefix(", field ")
    assert re.match(message, f"{field}: {caught.value.what}")


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
