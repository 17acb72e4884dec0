"""Which emulator runs a board's firmware."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from mcugen.boards import Board, list_boards
from mcugen.emulate.qemu import QemuRunner, find_qemu, require_qemu
from mcugen.emulate.renode import RenodeRunner, find_platform
from mcugen.emulate.renode_install import find_renode, require_renode
from mcugen.emulate.runner import Runner
from mcugen.errors import InputError
from mcugen.firmware.build import FirmwareKind

# Zephyr waits at start for a clock that QEMU's nRF51 does not have.
_NO_ZEPHYR = frozenset({"microbit"})


def _qemu_runs(board: Board, kind: FirmwareKind) -> bool:
    """Bare-metal firmware is linked for a machine, a Zephyr image for its board, which the machine then must be."""
    if kind == "zephyr":
        return board.qemu_exact and bool(board.zephyr_board) and board.qemu_machine not in _NO_ZEPHYR
    return bool(board.qemu_machine)


def _renode_runs(board: Board, kind: FirmwareKind) -> bool:
    if kind == "zephyr":
        return board.renode_zephyr
    return find_platform(board) is not None


@dataclass(frozen=True)
class _Choice:
    """A runner.

    Attributes:
        can_run: such firmware of a board.
        find: the emulator's program on this machine.
        require: the same, or MissingToolError.
    """

    make: Callable[[], Runner]
    can_run: Callable[[Board, FirmwareKind], bool]
    find: Callable[[], str | None]
    require: Callable[[], str]


# Of those that can run a board's firmware "auto" takes the first that is installed. QEMU starts sooner.
RUNNERS: Mapping[str, _Choice] = {
    "qemu": _Choice(QemuRunner, _qemu_runs, find_qemu, require_qemu),
    "renode": _Choice(RenodeRunner, _renode_runs, find_renode, require_renode),
}

_WITH_NPU = frozenset({"renode"})


def select_runner(name: str, board: Board, kind: FirmwareKind = "bare", *, npu: bool = False) -> Runner:
    """The runner of a name, or with "auto" the first installed one that can run such firmware of the board.

    Args:
        npu: the firmware has jobs for the board's NPU. Bare-metal firmware leaves them to the runner; a Zephyr image
            has a driver, which wants the NPU's registers, and only Renode's board has these.

    Raises:
        InputError: there is no such runner, or it cannot run the board.
        MissingToolError: it is not installed. Told here, before firmware is built in vain.
    """
    if name != "auto" and name not in RUNNERS:
        raise InputError(f"runner {name!r} is not part of this version", hint=f"use auto or {', '.join(RUNNERS)}")
    able = {n: choice for n, choice in RUNNERS.items() if name in ("auto", n) and choice.can_run(board, kind)}
    if npu and kind == "zephyr" and able and not (able := {n: c for n, c in able.items() if n in _WITH_NPU}):
        raise InputError(
            f"no NPU is emulated for a Zephyr image of {board.name} (runner {name})",
            where=board.name,
            hint="use --firmware bare, where the runner itself runs the NPU's jobs"
            + (", or --runner renode" if _renode_runs(board, kind) else ""),
        )
    if able:
        chosen = next((choice for choice in able.values() if choice.find()), next(iter(able.values())))
        chosen.require()
        return chosen.make()
    if kind == "zephyr":
        raise _no_zephyr_runner(name, board)
    if name == "renode":
        raise InputError(f"there is no Renode platform for {board.name}", where=board.name, hint=_renode_boards())
    raise InputError(f"no emulator can run {board.name} ({board.cpu.core})", where=board.name)


def _renode_boards() -> str:
    names = [b.name for b in list_boards() if find_platform(b)]
    return (
        f"use runner qemu, or a board with a platform: {', '.join(names)}; a module keeps the board it was emitted for"
    )


def _no_zephyr_runner(name: str, board: Board) -> InputError:
    who = "no emulator of this version" if name == "auto" else f"runner {name}"
    if not board.zephyr_board:
        return InputError(f"Zephyr has no board {board.name}", where=board.name, hint="use --firmware bare")
    able = [
        b.name
        for b in list_boards()
        if any(choice.can_run(b, "zephyr") for n, choice in RUNNERS.items() if name in ("auto", n))
    ]
    return InputError(
        f"{who} can run a Zephyr image of {board.name} ({board.zephyr_board}): it needs its UART, clocks and timer",
        where=board.name,
        hint=f"use --firmware bare, which needs the core alone, or emit for one of {', '.join(able)}",
    )
