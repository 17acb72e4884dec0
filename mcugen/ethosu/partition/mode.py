"""Whether the board's NPU is to be used."""

from __future__ import annotations

from typing import Literal, get_args

from mcugen.boards.board import Board
from mcugen.errors import InputError

Mode = Literal["off", "auto", "require"]
MODES: tuple[Mode, ...] = get_args(Mode)


def npu_mode(board: Board, asked: str | None, accelerator: str | None) -> Mode:
    """The mode for a board: what is asked for, else "auto" where there is an NPU that is used by default.

    Raises:
        InputError: there is no such mode, or a board without an NPU is asked for one.
    """
    if asked is not None and asked not in MODES:
        raise InputError(f"unknown --npu {asked!r}", hint=f"one of {', '.join(MODES)}")
    if board.npu is None:
        if asked == "require" or accelerator is not None:
            raise InputError(
                f"board {board.name} has no NPU",
                where=f"--npu {asked}" if asked == "require" else f"--accelerator {accelerator}",
                hint="`mcugen boards` lists which have one; your own board file names it in `npu:`",
            )
        return "off"
    if asked == "off" and accelerator is not None:
        raise InputError("--accelerator is for the NPU, and --npu off leaves it alone", where="--npu off")
    if asked is None:
        return "auto" if board.npu.by_default or accelerator is not None else "off"
    return next(mode for mode in MODES if mode == asked)
