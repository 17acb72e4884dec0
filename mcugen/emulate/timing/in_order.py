"""Cores that issue two instructions at a time, in order: a scoreboard over straight code.

An instruction issues when its operands are there, its units are free and a slot of the cycle is left. What it adds to
the instruction in front of it is its time: 0 where both issue in one cycle. Behind a jump the scoreboard starts anew,
but for short loops without other jumps: there the second turn is taken for all that follow the first.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from mcugen.emulate.blocks import Timing, Timings
from mcugen.emulate.timing.disassembly import Instruction, disassemble
from mcugen.emulate.timing.pipelines import Class, Pipeline
from mcugen.emulate.timing.tables import instruction_size
from mcugen.firmware.elf import Elf

_LONGEST_LOOP = 200
_LOOP_ENDS = ("le", "letp")


def image_timings(elf: Elf, pipeline: Pipeline) -> Timings | None:
    """Timings of an image's Thumb code, by address; None without a disassembler."""
    code = disassemble(elf.path, pipeline.architecture)
    return None if code is None else _ImageTimings(elf, timings(code, pipeline))


class _ImageTimings(dict[int, Timing]):
    """What the disassembler does not know takes one cycle."""

    def __init__(self, elf: Elf, known: Mapping[int, Timing]) -> None:
        super().__init__(known)
        self._elf = elf

    def __missing__(self, address: int) -> Timing:
        self[address] = found = Timing(instruction_size(self._elf.read(address, 2)), 1, 1, 0)
        return found


def timings(code: Sequence[Instruction], pipeline: Pipeline) -> dict[int, Timing]:
    """Timings of instructions, which are sorted by address."""
    targets = {i.target for i in code if i.target is not None}
    found: dict[int, Timing] = {}
    board, before = _Scoreboard(pipeline), None
    for index, one in enumerate(code):
        if before is None or before.address + before.size != one.address:
            board = _Scoreboard(pipeline)
        fresh = _Scoreboard(pipeline)
        alone, overlapped = fresh.add(one), board.add(one)
        if one.address in targets:
            # Most often it is reached by the jump: what follows is timed as behind one.
            board = fresh
        found[one.address] = Timing(one.size, alone, overlapped, _taken(code, index, pipeline))
        before = one
    return found


def _taken(code: Sequence[Instruction], index: int, pipeline: Pipeline) -> int:
    """What a jump adds: the refill; in a short loop also what its second turn takes longer than its first."""
    one = code[index]
    lost = 0 if one.mnemonic in _LOOP_ENDS else pipeline.taken
    if not is_jump(one):
        # `pop {pc}` and its like.
        return pipeline.taken if "r15" in one.writes else 0
    start = index
    while one.target is not None and one.target < code[start].address and index - start < _LONGEST_LOOP:
        start -= 1
        if is_jump(code[start]) or start < 0 or code[start].address + code[start].size != code[start + 1].address:
            return lost
    if code[start].address != one.target or start == index:
        return lost
    body, board = code[start : index + 1], _Scoreboard(pipeline)
    first = sum(board.add(i) for i in body)
    board.lose(lost)
    return lost + sum(board.add(i) for i in body) - first


def is_jump(one: Instruction) -> bool:
    """Whether the instruction may jump, or begin a loop that is skipped."""
    name = one.mnemonic
    return one.target is not None or name.startswith(("bx", "blx", "tbb", "tbh"))


@dataclass
class _Scoreboard:
    """What earlier instructions hold and are about to give.

    Attributes:
        cycle: in which the last one issued, or behind which a blocking one lets others issue.
        issued: in that cycle.
        ready: by register: when its value is there.
        from_product: registers of `ready` that a multiplier writes.
        free: by unit: when each of it is free.
    """

    pipeline: Pipeline
    cycle: int = 0
    issued: int = 0
    ready: dict[str, int] = field(default_factory=dict)
    from_product: set[str] = field(default_factory=set)
    free: dict[str, list[int]] = field(default_factory=dict)
    _end: int = -1

    def __post_init__(self) -> None:
        self.free = {unit: [0] * count for unit, count in self.pipeline.units.items()}

    def lose(self, cycles: int) -> None:
        """A refill: nothing issues meanwhile, and nothing with what issued before it."""
        self.cycle, self.issued = self._end + 1 + cycles, 0
        self._end += cycles

    def add(self, one: Instruction) -> int:
        """Issues an instruction; returns the cycles by which the code has become longer."""
        row = class_of(one, self.pipeline)
        # A pair of transfers goes through both halves of a port; each further pair takes a cycle.
        turns = max(0, (one.transfers + 1) // 2 - 1) + row.blocking
        at = max(self.cycle, self._operands(one, row))
        while not self._fits(at, row):
            at += 1
        self._occupy(at, row)
        before, self._end = self._end, max(self._end, at + turns)
        self.issued = self.issued + 1 if at == self.cycle else 1
        self.cycle = at
        if turns or row.alone:
            self.cycle, self.issued = at + turns, self.pipeline.width
        for register in one.writes:
            self.ready[register] = at + (1 if register == one.base else turns + row.latency)
            product = row.latency == 2 and bool(one.accumulator)
            (self.from_product.add if product else self.from_product.discard)(register)
        return self._end - before

    def _operands(self, one: Instruction, row: Class) -> int:
        """The cycle from which all registers are there in time."""
        soonest = 0
        for register in one.reads & self.ready.keys():
            # An address is wanted at the issue, whatever happens to what is stored there.
            late = min(row.late, 0) if register in one.pointers else row.late
            wanted = self.ready[register] - late
            if register in one.accumulator and register in self.from_product:
                wanted -= self.pipeline.accumulate
            soonest = max(soonest, wanted)
        return soonest

    def _fits(self, at: int, row: Class) -> bool:
        if at == self.cycle and self.issued >= (1 if row.alone else self.pipeline.width):
            return False
        return all(sum(free <= at for free in self.free[unit]) >= self._needed(unit, row) for unit in row.units)

    def _needed(self, unit: str, row: Class) -> int:
        """Units of a kind at once: two of a pair of ports; else one, for so many cycles."""
        return min(row.units[unit], len(self.free[unit]))

    def _occupy(self, at: int, row: Class) -> None:
        for unit, cycles in row.units.items():
            places, needed = self.free[unit], self._needed(unit, row)
            held = cycles if len(places) == 1 else 1
            for place in sorted(range(len(places)), key=places.__getitem__)[:needed]:
                places[place] = at + held


def class_of(one: Instruction, pipeline: Pipeline) -> Class:
    """The row of an instruction."""
    if one.shifted:
        return pipeline.classes["shifted"]
    if one.gathers:
        return pipeline.classes["gather"]
    return _by_prefix(pipeline, one.mnemonic)


_KNOWN: dict[tuple[int, str], Class] = {}


def _by_prefix(pipeline: Pipeline, mnemonic: str) -> Class:
    key = (id(pipeline), mnemonic)
    if key not in _KNOWN:
        fitting = [name for name in pipeline.classes if mnemonic.startswith(name)]
        _KNOWN[key] = pipeline.classes[max(fitting, key=len)]
    return _KNOWN[key]
