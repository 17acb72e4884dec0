"""Cores that issue one instruction at a time: tables from Arm's manuals.

Sources: the Technical Reference Manuals of the Cortex-M4 (100166), section 3.3, tables 3-1 and 3-2, and 3.3.3 on pairs
of loads and stores; of the Cortex-M3 (DDI 0337), M0+ (DDI 0484) and M0 (DDI 0432), table 3-1 of each. All
assume memory without wait states. Where a manual gives a range, the value here is stated beside it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum, auto

import capstone
from capstone import arm_const as arm

from mcugen.emulate.blocks import Timing, Timings
from mcugen.firmware.elf import Elf


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


@dataclass(frozen=True)
class Table:
    """A core's timings.

    Attributes:
        rows: by capstone's instruction id, which leaves conditions and widths aside. What is not here takes one cycle.
        jump: refilling the pipeline where the target comes out of memory (`pop {pc}`, `ldr pc`).
        pipelines: a load or store next to another overlaps it.
    """

    rows: Mapping[int, Row]
    jump: int
    pipelines: bool = True


_ONE = Row()


def _rows(names: str, timing: Row) -> dict[int, Row]:
    return {getattr(arm, f"ARM_INS_{name}"): timing for name in names.split()}


_LOADS = "LDR LDRB LDRH LDRSB LDRSH LDRT LDRBT LDRHT LDREX LDREXB LDREXH"
_STORES = "STR STRB STRH STRT STRBT STRHT STREX STREXB STREXH"
_LOAD_LISTS = "LDM LDMDB POP VLDMIA VLDMDB VPOP"
_STORE_LISTS = "STM STMDB PUSH VSTMIA VSTMDB VPUSH"

# Refilling the pipeline takes P cycles, 1 to 3: 1 where the target is in the instruction (fetched ahead), 2 where it
# comes out of a register or memory.
CORTEX_M4 = Table(
    {
        **_rows(_LOADS, Row(Kind.LOAD, 2)),
        **_rows(_STORES, Row(Kind.STORE, 1)),
        **_rows(_LOAD_LISTS, Row(Kind.LOAD_LIST, 1)),
        **_rows(_STORE_LISTS, Row(Kind.STORE_LIST, 1)),
        **_rows("LDRD", Row(Kind.LOAD_PAIR, 3)),
        **_rows("STRD", Row(Kind.STORE_PAIR, 3)),
        **_rows("VLDR VSTR", Row(cycles=2)),
        **_rows("UDIV SDIV", Row(cycles=6)),  # 2 to 12, by the operands
        **_rows("VDIV VSQRT", Row(cycles=14)),
        **_rows("VMLA VMLS VNMLA VNMLS VFMA VFMS VFNMA VFNMS", Row(cycles=3)),
        **_rows("B CBZ CBNZ BL", Row(taken=1)),
        **_rows("BX BLX", Row(taken=2)),
        **_rows("TBB TBH", Row(cycles=1, taken=2)),
    },
    jump=2,
)

# The M4 has a multiplier of 32 x 32 + 64 bits, the M3 one that takes turns; the rest is the same.
CORTEX_M3 = Table(
    {
        **CORTEX_M4.rows,
        **_rows("MLA MLS", Row(cycles=2)),
        **_rows("SMULL UMULL", Row(cycles=4)),  # 3 to 5, by the operands
        **_rows("SMLAL UMLAL", Row(cycles=6)),  # 4 to 7
    },
    jump=2,
)


def _armv6m(refill: int) -> Table:
    """Loads and stores take two cycles each, lists one and one a register; MULS is the single-cycle one that most chips
    have (with the small multiplier it takes 32)."""
    return Table(
        {
            **_rows(_LOADS, Row(cycles=2)),
            **_rows(_STORES, Row(cycles=2)),
            **_rows(_LOAD_LISTS, Row(Kind.LOAD_LIST, 1)),
            **_rows(_STORE_LISTS, Row(Kind.STORE_LIST, 1)),
            **_rows("B", Row(taken=refill)),
            **_rows("BL", Row(cycles=2, taken=refill)),
            **_rows("BX BLX", Row(taken=refill)),
            **_rows("DMB DSB ISB MRS MSR", Row(cycles=4 if refill == 2 else 3)),
        },
        jump=refill + 1,
        pipelines=False,
    )


# Two stages, and three: a taken branch takes two cycles on an M0+, three on an M0; a call three and four; `pop` of N
# registers with the program counter among them 3 + N and 4 + N.
CORTEX_M0PLUS = _armv6m(1)
CORTEX_M0 = _armv6m(2)


@dataclass
class _Previous:
    """What the instruction before leaves for the one after: loads and stores next to each other overlap."""

    is_load: bool = False
    pipelines: bool = False
    loaded: int | None = None


def image_timings(elf: Elf, table: Table) -> Timings:
    """Timings of an image's Thumb code, by address; decoded when they are asked for."""
    return _ImageTimings(elf, table)


class _ImageTimings(dict[int, Timing]):
    """Code is decoded from one mapping symbol to the next, when the first address between them is asked for."""

    def __init__(self, elf: Elf, table: Table) -> None:
        super().__init__()
        self._elf = elf
        self._table = table
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
            size = found.size if found else instruction_size(data)
            self[start], previous = _time(self._table, found, size, previous)
            start, data = start + size, data[size:]


def _time(
    table: Table, instruction: capstone.CsInsn | None, size: int, previous: _Previous
) -> tuple[Timing, _Previous]:
    """What the disassembler does not know takes one cycle."""
    if instruction is None:
        return Timing(size, 1, 1, 0), _Previous()
    row = table.rows.get(instruction.id, _ONE)
    alone, _ = _instruction_cycles(instruction, row, _Previous(), table.jump)
    overlapped, leaves = _instruction_cycles(instruction, row, previous, table.jump)
    return Timing(size, alone, overlapped, row.taken), leaves if table.pipelines else _Previous()


def instruction_size(halfword: bytes) -> int:
    """Thumb: 11101, 11110 and 11111 in the top bits begin an instruction of 32 bits (Armv7-M ARM, A5.1)."""
    return 4 if len(halfword) == 2 and halfword[1] >> 3 >= 0b11101 else 2


def _instruction_cycles(
    instruction: capstone.CsInsn, timing: Row, previous: _Previous, refill: int
) -> tuple[int, _Previous]:
    if timing.kind is Kind.PLAIN:
        return timing.cycles, _Previous()
    operands = instruction.operands
    if timing.kind is Kind.LOAD:
        memory = next(o.mem for o in operands if o.type == arm.ARM_OP_MEM)
        target = operands[0].reg
        overlaps = previous.pipelines and previous.loaded not in (memory.base, memory.index)
        jump = refill if target == arm.ARM_REG_PC else 0
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
        jump = refill if timing.kind is Kind.LOAD_LIST and arm.ARM_REG_PC in listed else 0
        return timing.cycles + count + jump, _Previous()
    return timing.cycles, _Previous()


_IMPLICIT_BASE = frozenset(_rows("PUSH POP VPUSH VPOP", _ONE))
