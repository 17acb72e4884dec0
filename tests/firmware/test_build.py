"""Linked firmware: sizes, limits, symbols. The module is tests/firmware/fake_module.py."""

from __future__ import annotations

import dataclasses
import re
import subprocess
from pathlib import Path

import pytest

from mcugen.boards import Board, Memory, load_board
from mcugen.errors import CheckFailedError, DoesNotFitError, InputError
from mcugen.firmware import Elf, Firmware, build_firmware
from tests.firmware.fake_module import write_fake_module

pytestmark = pytest.mark.emulator

NRF = load_board("nrf5340dk")


def build(folder: Path, board: Board = NRF, mode: str = "measure", **module: object) -> Firmware:
    manifest = write_fake_module(folder / "module", board, **module)  # type: ignore[arg-type]
    return build_firmware(folder / "module", manifest, board, mode=mode, build_dir=folder / "build")  # type: ignore[arg-type]


def object_sizes(folder: Path) -> tuple[int, int]:
    """(text + data, data + bss) of the module's objects, by binutils."""
    objects = sorted(map(str, (folder / "build" / "module").glob("*.o")))
    lines = subprocess.run(["arm-none-eabi-size", *objects], capture_output=True, text=True, check=True).stdout
    rows = [[int(n) for n in line.split()[:3]] for line in lines.splitlines()[1:]]
    return sum(t + d for t, d, _ in rows), sum(d + b for _, d, b in rows)


@pytest.mark.parametrize("name", ["nrf5340dk", "rpi_pico", "mps3_an547"])
def test_sizes_are_those_of_the_modules_objects(tmp_path: Path, name: str) -> None:
    firmware = build(tmp_path, load_board(name), size=50, prelude="static int32_t calls = 7;", body="calls++;")
    flash, ram = object_sizes(tmp_path)
    # Each section may be padded to its alignment, and 50 bytes of arena stand in front of 4 bytes of data.
    assert flash <= firmware.flash_bytes <= flash + 16
    assert firmware.ram_bytes == ram == 54


def test_unused_code_does_not_count(tmp_path: Path) -> None:
    plain = build(tmp_path / "a")
    unused = build(tmp_path / "b", prelude="int unused(int x);\nint unused(int x) { return x * 99 + 7; }")
    assert unused.flash_bytes == plain.flash_bytes


def test_library_code_is_counted_apart(tmp_path: Path) -> None:
    plain = build(tmp_path / "a")
    copying = build(tmp_path / "b", body="memmove(output_0, input_0, (size_t)(input_0[0] & 7));")
    assert plain.library_bytes == 0
    assert copying.library_bytes > 0
    assert copying.flash_bytes - plain.flash_bytes < copying.library_bytes


def test_the_linker_keeps_the_boards_sizes_at_the_machines_addresses(tmp_path: Path) -> None:
    board = load_board("stm32f4_disco")
    elf = Elf(build(tmp_path, board).elf)
    assert elf.address("fake_run") < 0x1000
    assert elf.address("linker_stack_top") == 0x2000_0000 + 128 * 1024


def test_labels_and_functions_are_found(tmp_path: Path) -> None:
    elf = Elf(build(tmp_path).elf)
    run = elf.symbols["fake_run"]
    places = [elf.address(s) for s in ("fake_run", "fake_layer_0", "fake_layer_1", "fake_layer_end")]
    assert places == sorted(places) and places[-1] < run.address + run.size
    function = elf.function_at(run.address + 2)
    assert function is not None and function.name == "fake_run"
    assert elf.describe(run.address + 3).startswith(f"{run.address + 3:#010x} (fake_run + 0x2, src/fake.c:")
    assert elf.function_at(0x7000_0000) is None
    assert elf.read(0x7000_0000, 4) == b""


def test_source_lines_are_those_of_binutils(tmp_path: Path) -> None:
    path = build(tmp_path).elf
    elf = Elf(path)
    addresses = [a for f in ("fake_run", "harness_main", "reset_handler") for a in _addresses(elf, f)]
    words = subprocess.run(
        ["arm-none-eabi-addr2line", "-e", str(path), *map(hex, addresses)], capture_output=True, text=True, check=True
    ).stdout
    # Of its own, binutils puts the name of the compilation's folder before relative names, and knows discriminators.
    theirs = [line.split(" ")[0].removeprefix("build/").removeprefix("./") for line in words.splitlines()]
    assert [elf.source_line(a) for a in addresses] == theirs
    assert len(set(theirs)) > 10
    assert elf.source_line(0x7000_0000) is None


def _addresses(elf: Elf, function: str) -> range:
    symbol = elf.symbols[function]
    return range(symbol.address, symbol.address + symbol.size, 2)


def code_of(path: Path, function: str) -> str:
    """Disassembly without addresses, which move when other code is added."""
    text = subprocess.run(
        ["arm-none-eabi-objdump", "-d", f"--disassemble={function}", "--no-addresses", "--no-show-raw-insn", str(path)],
        capture_output=True,
        text=True,
        check=True,
    ).stdout
    return re.sub(r"<[^>]*>:?|file format.*|\S*firmware\.elf.*|\b[0-9a-f]+\b", "", text)


def test_labels_do_not_change_the_code(tmp_path: Path) -> None:
    firmware = build(tmp_path)
    with_labels = code_of(firmware.elf, "fake_run").split()
    source = tmp_path / "module" / "src" / "fake.c"
    source.write_text(source.read_text().replace("#ifdef MCUGEN_LAYER_LABELS", "#if 0"))
    shipped = build_firmware(tmp_path / "module", firmware.manifest, NRF, build_dir=tmp_path / "shipped")
    assert "fake_layer_0" not in Elf(shipped.elf).symbols
    assert code_of(shipped.elf, "fake_run").split() == with_labels
    assert shipped.flash_bytes == firmware.flash_bytes


def test_the_same_module_gives_the_same_image(tmp_path: Path) -> None:
    first, second = build(tmp_path / "a"), build(tmp_path / "b")
    assert Elf(first.elf).read(0x1000_0000, 1 << 20) == Elf(second.elf).read(0x1000_0000, 1 << 20)


def test_stack_usage_is_read(tmp_path: Path) -> None:
    usage = build(tmp_path).stack_usage
    assert set(usage) == {"fake_run", "add_layer", "mix_layer"}
    assert all(0 <= size <= 32 for size in usage.values())


def small(board: Board, flash: int, ram: int) -> Board:
    memories = (Memory("flash", "flash", 0, flash), Memory("ram", "ram", 0x2000_0000, ram))
    return dataclasses.replace(board, memories=memories, code_memory="flash", data_memory="ram")


def test_too_little_ram_says_by_how_much(tmp_path: Path) -> None:
    size = 10_000
    with pytest.raises(DoesNotFitError, match="bytes of RAM more than there are") as caught:
        build(tmp_path, small(NRF, 65536, 16384), size=size)
    found = re.search(r"(\d+) bytes of RAM", str(caught.value))
    assert found is not None
    # Arena, input and output, 1 KB of stack, and at most 512 bytes of the harness.
    assert 0 <= int(found[1]) - (3 * size + 1024 - 16384) <= 512
    assert "16384 of RAM" in str(caught.value)


def test_too_little_flash_says_by_how_much(tmp_path: Path) -> None:
    with pytest.raises(DoesNotFitError, match="bytes of flash more than there are"):
        build(tmp_path, small(NRF, 512, 16384))


def test_a_module_with_a_warning_does_not_build(tmp_path: Path) -> None:
    with pytest.raises(CheckFailedError, match=r"fake.c does not compile:\n.*conversion"):
        build(tmp_path, prelude="int8_t narrow(int32_t x);\nint8_t narrow(int32_t x) { return x; }")


def test_a_folder_without_sources(tmp_path: Path) -> None:
    manifest = write_fake_module(tmp_path / "module", NRF)
    with pytest.raises(InputError, match="no sources"):
        build_firmware(tmp_path, manifest, NRF, build_dir=tmp_path / "build")


def test_a_board_without_a_machine(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="no QEMU machine"):
        build(tmp_path, dataclasses.replace(NRF, qemu_machine=""))
