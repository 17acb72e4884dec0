"""Time and energy from cycles, by hand; and every board's figures."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from mcugen.boards import list_boards, load_board
from mcugen.boards.board import Energy, FlashWait
from mcugen.errors import InputError
from mcugen.report.text import time_rows
from mcugen.verify.estimate import Estimate, estimate, estimate_json
from tests.boards.test_schema import GOOD, write

BOARD = replace(load_board("mps2_an386"), cpu=replace(load_board("mps2_an386").cpu, clock_hz=100_000_000))


def known(board: object, cycles: int, constant_bytes: int) -> Estimate:
    found = estimate(board, cycles, constant_bytes)  # type: ignore[arg-type]
    assert found is not None
    return found


def test_without_figures_there_is_time_alone() -> None:
    found = known(BOARD, 2_500_000, 1000)
    assert (found.wait_cycles, found.milliseconds, found.microjoules) == (0, 25.0, None)


def test_without_cycles_there_is_nothing() -> None:
    assert estimate(BOARD, None, 1000) is None
    assert set(estimate_json(None).values()) == {None}


def test_a_factor_and_a_term_for_each_read() -> None:
    # A tenth of 1,000,000; 65 bytes are three reads of 32 of 7 cycles.
    assert known(replace(BOARD, flash_wait=FlashWait("x", factor=1.1)), 1_000_000, 65).wait_cycles == 100_000
    by_read = known(replace(BOARD, flash_wait=FlashWait("x", states=7, line=32)), 1_000_000, 65)
    assert by_read.wait_cycles == 21
    assert by_read.milliseconds == pytest.approx(10.00021)


def test_energy_is_that_of_all_cycles() -> None:
    # 50 uA/MHz at 3 V: 150 pJ a cycle.
    board = replace(BOARD, energy=Energy(50, 3, "x"), flash_wait=FlashWait("x", factor=2))
    found = known(board, 1_000_000, 0)
    assert found.microjoules == pytest.approx(300)
    assert estimate_json(found)["energy"] == {
        "microjoules": pytest.approx(300),
        "microamps_per_mhz": 50,
        "volts": 3,
        "source": "x",
    }
    # The charge of a cycle is that at any clock.
    slow = replace(board, cpu=replace(board.cpu, clock_hz=1_000_000))
    assert known(slow, 1_000_000, 0).microjoules == found.microjoules


def test_what_boards_say_has_a_source() -> None:
    boards = {b.name: b for b in list_boards()}
    assert {"nrf5340dk", "nucleo_l4r5zi", "b_u585i_iot02a", "nucleo_f746zg", "nucleo_h743zi"} <= {
        name for name, b in boards.items() if b.flash_wait
    }
    for board in boards.values():
        for figure in (board.flash_wait, board.energy):
            assert figure is None or len(figure.source) > 10, board.name


@pytest.mark.parametrize(
    ("text", "field"),
    [
        ("flash_wait: {factor: 0.5, source: x}", "flash_wait.factor"),
        ("flash_wait: {factor: 1.5}", "flash_wait.source"),
        ("energy: {microamps_per_mhz: 0, volts: 3, source: x}", "energy.microamps_per_mhz"),
    ],
)
def test_wrong_figures_are_refused(tmp_path: Path, text: str, field: str) -> None:
    with pytest.raises(InputError) as error:
        load_board(write(tmp_path, GOOD + text + "\n"))
    assert field in str(error.value.where)


def test_what_people_read() -> None:
    board = replace(BOARD, energy=Energy(50, 3, "x"), flash_wait=FlashWait("x", factor=2))
    assert time_rows(estimate(board, 1_000_000, 0), board) == [
        ("time", "20 ms at 100 MHz, 10 ms of it for flash"),
        ("energy", "300 uJ by 50 uA/MHz at 3 V"),
    ]
    assert time_rows(estimate(BOARD, 1_000_000, 0), BOARD) == [("time", "10 ms at 100 MHz")]
    assert time_rows(None, BOARD) == []
