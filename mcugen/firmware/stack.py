"""How deep a function's stack can get, by its code: the stack pointer is followed through every function and call.

Each function's instructions are walked from its entry along all branches, with the bytes that are on its stack. A call
adds what its callee takes, a jump out of the function as well (a tail call). No path is left out: the result is a
bound. There is none where a call goes by pointer, a function calls itself, or a stack grows by a variable.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

import capstone
from capstone import arm_const as arm

from mcugen.firmware.elf import Elf

# No frame of real code is as large; one that seems so grows in a loop.
_LARGEST_FRAME = 1 << 20
_WIDE = (0b11101, 0b11110, 0b11111)
_LISTS = {arm.ARM_INS_PUSH: 1, arm.ARM_INS_VPUSH: 1, arm.ARM_INS_POP: -1, arm.ARM_INS_VPOP: -1}
_SUMS = {arm.ARM_INS_SUB: 1, arm.ARM_INS_SUBW: 1, arm.ARM_INS_ADD: -1, arm.ARM_INS_ADDW: -1}
_JUMPS = (arm.ARM_INS_B, arm.ARM_INS_CBZ, arm.ARM_INS_CBNZ)
_TABLES = {arm.ARM_INS_TBB: 1, arm.ARM_INS_TBH: 2}


class UnknownStackError(Exception):
    """No bound can be told; the words say why."""


@dataclass(frozen=True)
class Frame:
    """What one function does to the stack.

    Attributes:
        bytes: most that it has on the stack itself.
        calls: (address of the callee, bytes on the stack at the call).
    """

    bytes: int
    calls: frozenset[tuple[int, int]]


@dataclass(frozen=True)
class StackDepth:
    """Attributes:
    bound: bytes that no run exceeds, from the function's entry; None where that cannot be told.
    depths: bytes on the stack in the deepest frame of each chain of calls.
    """

    bound: int | None
    depths: frozenset[int] = frozenset()

    def reserved(self, painted: int) -> int:
        """Bytes that were reserved, where the lowest one written is `painted` bytes deep.

        A frame's lowest words may be reserved and never written: what was reserved ends where the frame ends that holds
        the lowest written word. This takes the nearest end of a frame.
        """
        return min((depth for depth in self.depths if depth >= painted), default=painted)


def stack_depth(elf: Elf, function: str) -> StackDepth:
    """Of a function and all that it calls."""
    try:
        depths = _Walker(elf).depths(elf.address(function), ())
    except (UnknownStackError, KeyError):
        return StackDepth(None)
    return StackDepth(max(depths), depths)


def frame_of(elf: Elf, function: str) -> Frame:
    """Raises UnknownStackError when its code cannot be followed."""
    return _Walker(elf).frame(elf.address(function))


class _Walker:
    def __init__(self, elf: Elf) -> None:
        self._elf = elf
        self._decoder = capstone.Cs(
            capstone.CS_ARCH_ARM, capstone.CS_MODE_THUMB | capstone.CS_MODE_MCLASS | capstone.CS_MODE_V8
        )
        self._decoder.detail = True
        self._starts = sorted(s.address for s in elf.symbols.values() if s.is_function)
        self._known: dict[int, frozenset[int]] = {}

    def depths(self, address: int, chain: tuple[int, ...]) -> frozenset[int]:
        """Of all chains of calls from the function at the address."""
        if address in chain:
            raise UnknownStackError(f"{self._elf.describe(address)} calls itself")
        if address not in self._known:
            frame = self.frame(address)
            found = {frame.bytes}
            for callee, before in frame.calls:
                found |= {before + depth for depth in self.depths(callee, (*chain, address))}
            self._known[address] = frozenset(found)
        return self._known[address]

    def frame(self, address: int) -> Frame:
        end = next((start for start in self._starts if start > address), address + _LARGEST_FRAME)
        seen: dict[int, int] = {}
        calls: set[tuple[int, int]] = set()
        work = [(address, 0)]
        while work:
            at, depth = work.pop()
            if not address <= at < end:
                calls.add((at, depth))
                continue
            if depth <= seen.get(at, -1):
                continue
            if depth > _LARGEST_FRAME:
                raise UnknownStackError(f"the stack grows in a loop at {self._elf.describe(at)}")
            seen[at] = depth
            for step in self._steps(at, address, end):
                if step.is_call:
                    calls.add((step.target, depth))
                else:
                    work.append((step.target, max(depth + step.change, 0)))
        return Frame(max(seen.values(), default=0), frozenset(calls))

    def _steps(self, at: int, start: int, end: int) -> Iterator[_Step]:
        """Where the instruction leads to; `start` and `end` are its function's."""
        code = self._elf.read(at, 4)
        found = next(self._decoder.disasm(code, at, 1), None)
        if found is None:
            if len(code) < 2:
                raise UnknownStackError(f"no code at {at:#010x}")
            # One that the decoder does not know, of Helium: none of these moves the stack pointer of compiled code.
            yield _Step(at + (4 if code[1] >> 3 in _WIDE else 2))
            return
        following = at + found.size
        if found.id in (arm.ARM_INS_BL, arm.ARM_INS_BLX):
            target = _target(found, self._elf)
            if start < target < end:
                # The longest jump within a function that Armv6-M has: its B reaches 2 KB. It does not come back.
                yield _Step(target)
            else:
                yield _Step(target, is_call=True)
                yield _Step(following)
        elif found.id in _JUMPS:
            yield _Step(_target(found, self._elf))
            if found.id != arm.ARM_INS_B or _conditional(found):
                yield _Step(following)
        elif found.id in _TABLES:
            yield from self._table(following, end, _TABLES[found.id])
        elif _leaves(found, self._elf):
            if _conditional(found):
                yield _Step(following)
        else:
            change = _change(found, self._elf)
            yield _Step(following, change)
            if change and _conditional(found):
                yield _Step(following)

    def _table(self, start: int, end: int, size: int) -> Iterator[_Step]:
        """The targets of a table branch: its table ends where the first of them starts."""
        at, first = start, end
        while at < first:
            target = start + 2 * int.from_bytes(self._elf.read(at, size), "little")
            first = min(first, target)
            yield _Step(target)
            at += size


@dataclass(frozen=True)
class _Step:
    """`change`: bytes that the instruction puts on the stack."""

    target: int
    change: int = 0
    is_call: bool = False


def _conditional(instruction: capstone.CsInsn) -> bool:
    return instruction.cc not in (arm.ARM_CC_AL, arm.ARM_CC_INVALID)


def _target(instruction: capstone.CsInsn, elf: Elf) -> int:
    operand = instruction.operands[-1]
    if operand.type != arm.ARM_OP_IMM:
        raise UnknownStackError(f"a call by pointer at {elf.describe(instruction.address)}")
    return int(operand.imm) & ~1


def _leaves(instruction: capstone.CsInsn, elf: Elf) -> bool:
    """Whether it returns from the function."""
    if instruction.id == arm.ARM_INS_BX:
        if instruction.op_str != "lr":
            raise UnknownStackError(f"a jump by pointer at {elf.describe(instruction.address)}")
        return True
    return bool(re.search(r"\bpc\b", instruction.op_str)) and (
        instruction.id == arm.ARM_INS_POP or bool(re.match(r"(pop|ldm)", instruction.mnemonic)) or _pops_pc(instruction)
    )


def _pops_pc(instruction: capstone.CsInsn) -> bool:
    return re.fullmatch(r"pc, \[sp\], #\S+", instruction.op_str) is not None


def _change(instruction: capstone.CsInsn, elf: Elf) -> int:
    if instruction.id in _LISTS:
        return _LISTS[instruction.id] * sum(_register_bytes(instruction, o) for o in instruction.operands)
    text = instruction.op_str
    # What it writes beside its operands is dear to ask for; none but the lists above change sp and do not name it.
    if "sp" not in text or not (instruction.reg_write(arm.ARM_REG_SP) or _writes_sp(instruction)):
        return 0
    summand = re.fullmatch(r"sp, (?:sp, )?#(\w+)", text)
    if instruction.id in _SUMS and summand:
        return _SUMS[instruction.id] * int(summand[1], 0)
    before, after = re.search(r"\[sp, #-(\w+)\]!", text), re.search(r"\[sp\], #(\w+)", text)
    if before:
        return int(before[1], 0)
    if after:
        return -int(after[1], 0)
    if text.startswith("sp!, {"):
        sign = 1 if instruction.mnemonic.startswith(("stmdb", "vstmdb", "push")) else -1
        return sign * sum(_register_bytes(instruction, o) for o in instruction.operands[1:])
    raise UnknownStackError(f"the stack pointer changes in another way at {elf.describe(instruction.address)}")


def _writes_sp(instruction: capstone.CsInsn) -> bool:
    _, written = instruction.regs_access()
    return arm.ARM_REG_SP in written


def _register_bytes(instruction: capstone.CsInsn, operand: object) -> int:
    return 8 if instruction.reg_name(operand.reg).startswith("d") else 4  # type: ignore[attr-defined]
