"""Cycles from executed instructions: the timing table of the Cortex-M4.

Source: Arm Cortex-M4 Processor Technical Reference Manual (100166), section 3.3, tables 3-1 and 3-2, and 3.3.3 on
pairs of loads and stores. It assumes memory without wait states. Where the manual gives a range, the value here is
stated beside it. Cortex-M3 and Cortex-M33 have nearly the same pipeline and are estimated by the same table.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from enum import Enum, auto

import capstone
from capstone import arm_const as arm

from mcugen.boards.board import Board
from mcugen.emulate.blocks import Timing, Timings
from mcugen.errors import InputError
from mcugen.firmware.elf import Elf

CORTEX_M4_CORES = ("cortex-m3", "cortex-m4", "cortex-m33")
MODEL_NAME = "model:cortex-m4"


class Kind(Enum):
    """How an instruction's time depends on its operands and its neighbours."""

    PLAIN = auto()
    LOAD = auto()
    STORE = auto()
    LOAD_LIST = auto()
    STORE_LIST = auto()
    LOAD_PAIR = auto()
    STORE_PAIR = auto()


@dataclass(frozen=True)
class Row:
    """One row: `cycles` always, `taken` on top when the instruction jumps."""

    kind: Kind = Kind.PLAIN
    cycles: int = 1
    taken: int = 0


# Refilling the pipeline takes P cycles, 1 to 3: 1 where the target is in the instruction (fetched ahead), 2 where it
# comes out of a register or memory.
_REFILL_DIRECT = 1
_REFILL_INDIRECT = 2

_ONE = Row()


def _rows(names: str, timing: Row) -> dict[int, Row]:
    return {getattr(arm, f"ARM_INS_{name}"): timing for name in names.split()}


# By capstone's instruction id, which leaves conditions and widths aside. What is not here takes one cycle.
_TABLE: Mapping[int, Row] = {
    **_rows("LDR LDRB LDRH LDRSB LDRSH LDRT LDRBT LDRHT LDREX LDREXB LDREXH", Row(Kind.LOAD, 2)),
    **_rows("STR STRB STRH STRT STRBT STRHT STREX STREXB STREXH", Row(Kind.STORE, 1)),
    **_rows("LDM LDMDB POP VLDMIA VLDMDB VPOP", Row(Kind.LOAD_LIST, 1)),
    **_rows("STM STMDB PUSH VSTMIA VSTMDB VPUSH", Row(Kind.STORE_LIST, 1)),
    **_rows("LDRD", Row(Kind.LOAD_PAIR, 3)),
    **_rows("STRD", Row(Kind.STORE_PAIR, 3)),
    **_rows("VLDR VSTR", Row(cycles=2)),
    **_rows("UDIV SDIV", Row(cycles=6)),  # 2 to 12, by the operands
    **_rows("VDIV VSQRT", Row(cycles=14)),
    **_rows("VMLA VMLS VNMLA VNMLS VFMA VFMS VFNMA VFNMS", Row(cycles=3)),
    **_rows("B CBZ CBNZ BL", Row(taken=_REFILL_DIRECT)),
    **_rows("BX BLX", Row(taken=_REFILL_INDIRECT)),
    **_rows("TBB TBH", Row(cycles=1, taken=_REFILL_INDIRECT)),
}


@dataclass
class _Previous:
    """What the instruction before leaves for the one after: loads and stores next to each other overlap."""

    is_load: bool = False
    pipelines: bool = False
    loaded: int | None = None


@dataclass
class CycleModel:
    """Times the instructions of one firmware image.

    Attributes:
        name: as reports give it, "model:cortex-m4".
        timings: by address, of what the image's mapping symbols say to be Thumb code; found when it is asked for.
    """

    elf: Elf
    name: str = MODEL_NAME

    def __post_init__(self) -> None:
        self.timings: Timings = _ImageTimings(self.elf)

    def code(self) -> Iterator[list[tuple[int, Timing]]]:
        """All code of the image: (address, timing), a list for each piece without gaps."""
        for piece in self.elf.code():
            rows, address = [], piece.start
            while address < piece.stop and self.elf.read(address, 2):
                rows.append((address, self.timings[address]))
                address += rows[-1][1].size
            yield rows


class _ImageTimings(dict[int, Timing]):
    """Code is decoded from one mapping symbol to the next, when the first address between them is asked for."""

    def __init__(self, elf: Elf) -> None:
        super().__init__()
        self._elf = elf
        mode = capstone.CS_MODE_THUMB | capstone.CS_MODE_MCLASS | capstone.CS_MODE_V8
        self._decoder = capstone.Cs(capstone.CS_ARCH_ARM, mode)
        self._decoder.detail = True

    def __missing__(self, address: int) -> Timing:
        self._decode(address)
        return super().__getitem__(address)

    def __contains__(self, address: object) -> bool:
        """Whether there is code, which may not have been decoded yet."""
        if super().__contains__(address):
            return True
        return isinstance(address, int) and self._elf.code_at(address) is not None

    def _decode(self, address: int) -> None:
        """All of the code around an address; without mapping symbols the one instruction there."""
        code = self._elf.code_at(address)
        start, end = (code.start, code.stop) if code else (address, address + 2)
        data, previous = self._elf.read(start, end - start + 2), _Previous()
        while start < end and len(data) >= 2:
            found = next(self._decoder.disasm(data, start, 1), None)
            size = found.size if found else _instruction_size(data)
            self[start], previous = _time(found, size, previous)
            start, data = start + size, data[size:]


def _time(instruction: capstone.CsInsn | None, size: int, previous: _Previous) -> tuple[Timing, _Previous]:
    """What the disassembler does not know takes one cycle."""
    if instruction is None:
        return Timing(size, 1, 1, 0), _Previous()
    row = _TABLE.get(instruction.id, _ONE)
    alone, _ = _instruction_cycles(instruction, row, _Previous())
    overlapped, leaves = _instruction_cycles(instruction, row, previous)
    return Timing(size, alone, overlapped, row.taken), leaves


def cycle_model(core: str, elf: Elf) -> CycleModel | None:
    """The timing model of a core; None where there is none."""
    return CycleModel(elf) if core in CORTEX_M4_CORES else None


def require_cycle_model(board: Board) -> str:
    """The name of the model of a board's core, as reports give it.

    Raises:
        InputError: there is none.
    """
    if board.cpu.core not in CORTEX_M4_CORES:
        raise InputError(
            f"there is no timing model for {board.cpu.core}, so --max-cycles cannot be held",
            where=board.name,
            hint=f"use --max-instructions; the cores with a model are {', '.join(CORTEX_M4_CORES)}",
        )
    return MODEL_NAME


def _instruction_size(halfword: bytes) -> int:
    """Thumb: 11101, 11110 and 11111 in the top bits begin an instruction of 32 bits (Armv7-M ARM, A5.1)."""
    return 4 if len(halfword) == 2 and halfword[1] >> 3 >= 0b11101 else 2


def _instruction_cycles(instruction: capstone.CsInsn, timing: Row, previous: _Previous) -> tuple[int, _Previous]:
    operands = instruction.operands
    if timing.kind is Kind.LOAD:
        memory = next(o.mem for o in operands if o.type == arm.ARM_OP_MEM)
        target = operands[0].reg
        overlaps = previous.pipelines and previous.loaded not in (memory.base, memory.index)
        jump = _REFILL_INDIRECT if target == arm.ARM_REG_PC else 0
        return (1 if overlaps else timing.cycles) + jump, _Previous(True, True, target)
    if timing.kind is Kind.STORE:
        memory = next(o.mem for o in operands if o.type == arm.ARM_OP_MEM)
        if memory.index:
            # A register offset takes a cycle more, unless it overlaps a load; nothing overlaps it.
            return timing.cycles + (0 if previous.is_load else 1), _Previous()
        return timing.cycles, _Previous(pipelines=True)
    if timing.kind in (Kind.LOAD_LIST, Kind.STORE_LIST):
        listed = [o.reg for o in operands if o.type == arm.ARM_OP_REG]
        # push, pop, vpush, vpop list all their operands; the others begin with the base register.
        words = listed if instruction.id in _IMPLICIT_BASE else listed[1:]
        count = sum(2 if arm.ARM_REG_D0 <= register <= arm.ARM_REG_D31 else 1 for register in words)
        jump = _REFILL_INDIRECT if timing.kind is Kind.LOAD_LIST and arm.ARM_REG_PC in listed else 0
        return timing.cycles + count + jump, _Previous()
    return timing.cycles, _Previous()


_IMPLICIT_BASE = frozenset(_rows("PUSH POP VPUSH VPOP", _ONE))
