"""From cycles to time and energy at a board's clock, with what waiting for its flash adds."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass
from typing import Any

from mcugen.boards.board import Board, Energy, FlashWait


@dataclass(frozen=True)
class Estimate:
    """Of one inference; as much an estimate as the cycles are that it is made from.

    Attributes:
        wait_cycles: what waiting for flash adds to the cycles.
        milliseconds: at the board's clock, the waiting included.
        microjoules: None where the board's file has no figure.
        flash_wait, energy: the board's figures that it is made with.
    """

    wait_cycles: int
    milliseconds: float
    microjoules: float | None
    flash_wait: FlashWait | None
    energy: Energy | None


def estimate(board: Board, cycles: int | None, constant_bytes: int) -> Estimate | None:
    """None without cycles.

    Args:
        cycles: of one inference, without waiting for flash.
        constant_bytes: what an inference reads of flash besides code.
    """
    if cycles is None:
        return None
    wait, energy = board.flash_wait, board.energy
    waiting = 0
    if wait is not None:
        waiting = round(cycles * (wait.factor - 1)) + wait.states * -(-constant_bytes // wait.line)
    in_all = cycles + waiting
    joules = None
    if energy is not None:
        # Charge is current / clock x cycles, whatever the clock.
        joules = energy.microamps_per_mhz * energy.volts * in_all / 1e6
    return Estimate(waiting, 1000 * in_all / board.cpu.clock_hz, joules, wait, energy)


def estimate_json(found: Estimate | None) -> dict[str, Any]:
    """The fields of `verify --json` and `run --json`; null where nothing is known."""
    if found is None:
        return {"wait_cycles": None, "flash_wait": None, "milliseconds": None, "energy": None}
    energy = None
    if found.energy is not None:
        energy = {
            "microjoules": found.microjoules,
            "microamps_per_mhz": found.energy.microamps_per_mhz,
            "volts": found.energy.volts,
            "source": found.energy.source,
        }
    return {
        "wait_cycles": found.wait_cycles,
        "flash_wait": dataclasses.asdict(found.flash_wait) if found.flash_wait else None,
        "milliseconds": found.milliseconds,
        "energy": energy,
    }
