"""Emulators: one runner each, instruction counts, and the cycle model."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from mcugen.boards.board import Board
from mcugen.emulate.qemu import QemuRunner
from mcugen.emulate.runner import FunctionCount, LayerCount, Runner, RunResult
from mcugen.errors import InputError

# The first one that can run a board is what "auto" takes.
RUNNERS: Mapping[str, tuple[Callable[[], Runner], Callable[[Board], bool]]] = {
    "qemu": (QemuRunner, lambda board: bool(board.qemu_machine)),
}


def select_runner(name: str, board: Board) -> Runner:
    """The runner of a name, or with "auto" the first that can run the board.

    Raises:
        InputError: there is no such runner, or it cannot run the board.
    """
    if name != "auto" and name not in RUNNERS:
        raise InputError(f"runner {name!r} is not part of this version", hint=f"use auto or {', '.join(RUNNERS)}")
    for candidate, (make, can_run) in RUNNERS.items():
        if name in ("auto", candidate) and can_run(board):
            return make()
    raise InputError(f"no emulator can run {board.name} ({board.cpu.core})", where=board.name)


__all__ = ["RUNNERS", "FunctionCount", "LayerCount", "QemuRunner", "RunResult", "Runner", "select_runner"]
