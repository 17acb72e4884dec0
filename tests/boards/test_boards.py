"""The boards that come with mcugen, and finding one."""

from __future__ import annotations

from pathlib import Path

import pytest

from mcugen.boards import Board, list_boards, load_board
from mcugen.boards.machines import core_of, default_machine, find_machine, machine_of
from mcugen.errors import InputError
from mcugen.report import boards

KB, MB = 1024, 1024 * 1024

# Flash, RAM and core from the data sheets.
DATA_SHEETS = {
    "alif_e7_dk": ("cortex-m55", 5632 * KB, 4 * MB),
    "b_u585i_iot02a": ("cortex-m33", 2 * MB, 768 * KB),
    "ek_ra8m1": ("cortex-m85", 2016 * KB, 896 * KB),
    "ek_ra8p1": ("cortex-m85", MB, 1664 * KB),
    "ensemble_e8_dk": ("cortex-m55", 5632 * KB, 4 * MB),
    "ensemble_e8_dk_u85": ("cortex-m55", 5632 * KB, 4 * MB),
    "grove_vision_ai_v2": ("cortex-m55", 16 * 1024 * KB, 1924 * KB),
    "imx93_evk": ("cortex-m33", 256 * 1024 * KB, 256 * 1024 * KB),
    "kit_pse84_eval": ("cortex-m55", 3 * MB, 5 * MB),
    "microbit": ("cortex-m0", 256 * KB, 16 * KB),
    "mps2_an385": ("cortex-m3", 4 * MB, 4 * MB),
    "mps2_an386": ("cortex-m4", 4 * MB, 4 * MB),
    "mps2_an500": ("cortex-m7", 4 * MB, 4 * MB),
    "mps2_an521": ("cortex-m33", 4 * MB, 4 * MB),
    "mps3_an547": ("cortex-m55", 2 * MB, 4 * MB),
    "mps3_corstone300": ("cortex-m55", MB, 2 * MB),
    "mps4_corstone315": ("cortex-m85", 2 * MB, 4 * MB),
    "mps4_corstone320": ("cortex-m85", 2 * MB, 4 * MB),
    "nrf52840dk": ("cortex-m4", MB, 256 * KB),
    "nrf5340dk": ("cortex-m33", MB, 512 * KB),
    "nucleo_f746zg": ("cortex-m7", MB, 256 * KB),
    "nucleo_h743zi": ("cortex-m7", 2 * MB, 512 * KB),
    "nucleo_l4r5zi": ("cortex-m4", 2 * MB, 640 * KB),
    "numaker_m55m1": ("cortex-m55", 2 * MB, MB),
    "rpi_pico": ("cortex-m0plus", 2 * MB, 264 * KB),
    "rpi_pico2": ("cortex-m33", 4 * MB, 520 * KB),
    "stm32f4_disco": ("cortex-m4", MB, 128 * KB),
}


def test_all_boards_are_there() -> None:
    found = {b.name: (b.cpu.core, b.flash.size, b.ram.size) for b in list_boards()}
    assert found == DATA_SHEETS


@pytest.mark.parametrize("board", list_boards(), ids=lambda b: b.name)
def test_every_board_has_a_machine_that_runs_its_code(board: Board) -> None:
    machine = find_machine(board.qemu_machine)
    assert machine is not None
    assert board.cpu.core in machine.runs
    assert machine.fpu or (board.cpu.fpu == "none" and board.cpu.mve == "none")
    if board.qemu_exact:  # a stand-in may have less memory: the firmware is linked for the smaller one
        assert board.flash.size <= machine.code.size and board.ram.size <= machine.data.size
        assert machine.core == board.cpu.core
        assert (machine.code.start, machine.data.start) == (board.flash.start, board.ram.start)


def test_stand_ins() -> None:
    assert load_board("nrf5340dk").qemu_machine == "mps2-an505"
    assert load_board("rpi_pico").qemu_machine == "mps2-an385"
    assert load_board("ek_ra8m1").qemu_machine == "mps3-an547"
    assert not load_board("nrf5340dk").qemu_exact
    assert load_board("microbit").qemu_exact
    machine = default_machine(load_board("mps2_an521").cpu)
    assert machine is not None and machine.name == "mps2-an505"


@pytest.mark.parametrize(
    ("spelling", "name"),
    [
        ("nrf5340dk", "nrf5340dk"),
        ("nrf5340dk/nrf5340/cpuapp", "nrf5340dk"),
        ("nrf5340dk_nrf5340_cpuapp", "nrf5340dk"),
        ("NRF5340DK", "nrf5340dk"),
        ("nrf5340", "nrf5340dk"),
        ("rpi_pico", "rpi_pico"),  # also a prefix of rpi_pico2
        ("rpi_pico2/rp2350a/m33", "rpi_pico2"),
        ("mps2-an385", "mps2_an385"),
        ("stm32f4", "stm32f4_disco"),
        ("stm32f7", "nucleo_f746zg"),
        ("nrf52", "nrf52840dk"),
        ("bbc_microbit", "microbit"),
        ("corstone300", "mps3_corstone300"),
        ("mps3/corstone300/an547", "mps3_an547"),
        ("mps3/corstone300/an552", "mps3_corstone300"),
        ("corstone320", "mps4_corstone320"),
        ("mps4/corstone315/fvp", "mps4_corstone315"),
        ("ensemble_e8_dk/ae822fa0e5597ls0/rtss_hp", "ensemble_e8_dk"),  # of two boards with that Zephyr name
        ("ek_ra8p1", "ek_ra8p1"),
        ("imx93", "imx93_evk"),
        ("himax_we2", "grove_vision_ai_v2"),
    ],
)
def test_spellings(spelling: str, name: str) -> None:
    assert load_board(spelling).name == name


@pytest.mark.parametrize("board", [b for b in list_boards() if b.zephyr_board], ids=lambda b: b.name)
def test_every_zephyr_name_finds_its_board(board: Board) -> None:
    found = load_board(board.zephyr_board)
    # The E8 has two NPUs, so there are two boards of one Zephyr name.
    assert found.name == {"ensemble_e8_dk_u85": "ensemble_e8_dk"}.get(board.name, board.name)


@pytest.mark.parametrize(
    ("prefix", "names"),
    [
        ("stm32", ("b_u585i_iot02a", "nucleo_f746zg", "nucleo_h743zi", "nucleo_l4r5zi", "stm32f4_disco")),
        ("nucleo", ("nucleo_f746zg", "nucleo_h743zi", "nucleo_l4r5zi")),
        ("mps2", ("mps2_an385", "mps2_an386", "mps2_an500", "mps2_an521")),
    ],
)
def test_an_ambiguous_prefix_lists_all_it_may_mean(prefix: str, names: tuple[str, ...]) -> None:
    with pytest.raises(InputError, match="ambiguous") as caught:
        load_board(prefix)
    assert str(caught.value).splitlines()[0] == f"board {prefix!r} is ambiguous: {', '.join(names)}"


def test_a_machine_of_another_core_is_called_that() -> None:
    """In `mcugen boards`, and in what `verify` reports."""
    words = {b.name: core_of(find_machine(b.qemu_machine), b) for b in list_boards()}  # type: ignore[arg-type]
    assert words["rpi_pico"] == "cortex-m3 running cortex-m0plus code"
    assert words["ek_ra8m1"] == "cortex-m55 running cortex-m85 code"
    assert words["nrf5340dk"] == "cortex-m33"
    table = boards.board_table(list_boards())
    cells = list(table.columns[7].cells)
    assert "mps2-an385 (cortex-m3 running cortex-m0plus code)" in cells and "mps2-an505 (cortex-m33)" in cells
    assert not any("same core" in str(cell) for cell in cells)


def test_the_npu_is_told() -> None:
    board = load_board("mps3_corstone300")
    assert board.npu is not None
    assert board.npu.accelerators == ("ethos-u55-128", "ethos-u55-32", "ethos-u55-64", "ethos-u55-256")
    table = boards.board_table(list_boards())
    names, npus = ([str(cell) for cell in table.columns[i].cells] for i in (0, 5))
    assert npus[names.index("mps3_corstone300")] == "u55-128 (or 32, 64, 256)"
    assert npus[names.index("nrf5340dk")] == "-"
    assert boards.board_json(load_board("nrf5340dk"))["npu"] is None
    assert boards.board_json(board)["npu"]["accelerators"][0] == "ethos-u55-128"


def test_unknown_board_suggests_the_nearest() -> None:
    with pytest.raises(InputError) as caught:
        load_board("nrf5430dk")
    assert "did you mean nrf5340dk" in str(caught.value)
    assert all(name in str(caught.value) for name in DATA_SHEETS)


@pytest.mark.parametrize("name", ["", " ", "/", "zzz"])
def test_nothing_like_a_board_lists_all(name: str) -> None:
    with pytest.raises(InputError, match="unknown board") as caught:
        load_board(name)
    assert "did you mean" not in str(caught.value)


def test_ambiguous_prefix_lists_the_candidates() -> None:
    with pytest.raises(InputError, match="ambiguous: mps2_an385, mps2_an386, mps2_an500, mps2_an521"):
        load_board("mps2")


def test_a_board_may_have_code_in_the_memory_that_else_holds_data() -> None:
    machine = find_machine("mps3-an547")
    assert machine is not None
    own = load_board("mps3_an547")
    swapped = load_board(str(Path(__file__).parents[1] / "e2e/networks/mps3_an547_swapped.yml"))
    assert machine_of(own) == machine
    turned = machine_of(swapped)
    assert turned is not None
    assert (turned.code.start, turned.code.size) == (swapped.flash.start, 4 * MB) == (machine.data.start, 4 * MB)
    assert (turned.data.start, turned.data.size) == (swapped.ram.start, 2 * MB) == (machine.code.start, 2 * MB)
    assert turned.vectors == machine.vectors
