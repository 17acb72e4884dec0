"""What bare-metal firmware is linked for: a table of QEMU's Cortex-M machines that are of use here, or a board itself.

Addresses and sizes from QEMU's `hw/arm/{mps2,mps2-tz,nrf51_soc}.c`; cores with a security extension start in secure
state, so these are the secure addresses.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

from mcugen.boards.board import Board, Core, Cpu, Memory

_KB = 1024
_MB = 1024 * _KB


@dataclass(frozen=True)
class Machine:
    """An emulated machine.

    Attributes:
        name: as `qemu-system-arm -M` takes it, or the board's.
        core: the one it emulates.
        runs: cores whose code it can stand in for, its own first. Armv6-M code runs unchanged on Armv7-M, and Armv8.1-M
            code without pointer authentication on any core with Helium: same instructions, same counts.
        fpu: has floating-point (and DSP) instructions at all; which precision never matters, every FPU here covers
            the boards of its `runs`.
        vectors: address of the vector table at reset.
        code, data: where the linker puts code with constants, and data; the sizes are what the machine has.
    """

    name: str
    core: Core
    runs: tuple[Core, ...]
    fpu: bool
    vectors: int
    code: Memory
    data: Memory


def _memories(code: int, code_size: int, data: int, data_size: int) -> tuple[Memory, Memory]:
    return Memory("code", "ram", code, code_size), Memory("data", "ram", data, data_size)


def _machine(name: str, runs: tuple[Core, ...], fpu: bool, vectors: int, memories: tuple[Memory, Memory]) -> Machine:
    return Machine(name, runs[0], runs, fpu, vectors, *memories)


_MPS2 = _memories(0x0000_0000, 4 * _MB, 0x2000_0000, 4 * _MB)
_MPS2_SECURE = _memories(0x1000_0000, 4 * _MB, 0x3800_0000, 4 * _MB)

# Boards without a machine of their own take the first row that runs their core.
MACHINES = (
    _machine("mps2-an385", ("cortex-m3", "cortex-m0", "cortex-m0plus"), False, 0, _MPS2),
    _machine("mps2-an386", ("cortex-m4",), True, 0, _MPS2),
    _machine("mps2-an500", ("cortex-m7",), True, 0, _MPS2),
    _machine("mps2-an505", ("cortex-m33",), True, 0x1000_0000, _MPS2_SECURE),
    _machine(
        "mps3-an547",
        ("cortex-m55", "cortex-m52", "cortex-m85"),
        True,
        0x1000_0000,
        _memories(0x1100_0000, 2 * _MB, 0x3100_0000, 4 * _MB),
    ),
    _machine("mps2-an521", ("cortex-m33",), False, 0x1000_0000, _MPS2_SECURE),
    _machine("microbit", ("cortex-m0",), False, 0, _memories(0, 256 * _KB, 0x2000_0000, 16 * _KB)),
)


def find_machine(name: str) -> Machine | None:
    return next((m for m in MACHINES if m.name == name), None)


def machine_of(board: Board) -> Machine | None:
    """QEMU's machine for a board: with its two memories the other way round where the board has code in the one that
    else holds data. None when it names none."""
    machine = find_machine(board.qemu_machine)
    if machine is not None and (board.flash.start, board.ram.start) == (machine.data.start, machine.code.start):
        return replace(machine, code=machine.data, data=machine.code)
    return machine


def core_of(machine: Machine, board: Board) -> str:
    """The machine's core, and whose code it runs where that is another's."""
    same = machine.core == board.cpu.core
    return machine.core if same else f"{machine.core} running {board.cpu.core} code"


def default_machine(cpu: Cpu) -> Machine | None:
    """The machine that stands in for a board without one of its own; None when no machine runs its code."""
    needs_fpu = cpu.fpu != "none" or cpu.mve != "none"
    return next((m for m in MACHINES if cpu.core in m.runs and (m.fpu or not needs_fpu)), None)


def board_machine(board: Board) -> Machine:
    """The board itself, at its true addresses, for an emulator that has the whole board."""
    if board.qemu_exact and (machine := find_machine(board.qemu_machine)) is not None:
        return machine
    has_fpu = board.cpu.fpu != "none"
    return Machine(board.name, board.cpu.core, (board.cpu.core,), has_fpu, board.flash.start, board.flash, board.ram)
