"""From counted blocks to instructions and cycles between labels, exactly, however an emulator cut the code into blocks.

Needs Python's standard library alone: the suites that `mcugen emit --renode` writes have a copy of this file.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple


class Timing(NamedTuple):
    """One instruction: its bytes; its cycles, and those where the instruction in front of it in memory ran just before
    (loads and stores next to each other overlap); cycles on top when it jumps."""

    size: int
    cycles: int
    overlapped: int
    taken: int


Timings = Mapping[int, Timing]
"""By address; every instruction of the counted code."""


_FIRST_KIND = ord("0")


class Block(NamedTuple):
    """A straight run of instructions, as the emulator translated it."""

    address: int
    instructions: int


@dataclass(frozen=True)
class BlockRun:
    """How often a block was entered in a region, and how often it was left by a jump."""

    block: Block
    executions: int
    jumps: int


@dataclass(frozen=True)
class Label:
    """Where a region ends and the next one begins.

    Attributes:
        block: the block that it split; None where the emulator ended a block there.
        before: instructions of that execution that belong to the region that ends.
    """

    address: int
    block: Block | None = None
    before: int = 0


@dataclass(frozen=True)
class Region:
    """What was executed between two labels: whole blocks, the rest of the block that the first label split, without
    what follows the second label in its block."""

    runs: tuple[BlockRun, ...]
    start: Label
    end: Label


class Executed(NamedTuple):
    """At one address. `cycles` is 0 without timings."""

    address: int
    instructions: int
    cycles: int


class IncompleteCountError(ValueError):
    """The program ended before it passed all labels."""


def read_regions(text: str) -> list[Region]:
    """What a counter writes (see plugin/count.c): one region fewer than labels.

    Raises:
        IncompleteCountError: see there.
    """
    blocks: dict[str, Block] = {}
    labels: list[Label] = []
    runs: list[list[BlockRun]] = []
    complete = False
    for line in text.splitlines():
        kind, *fields = line.split()
        if kind == "block":
            blocks[fields[0]] = Block(int(fields[1], 16), int(fields[2]))
        elif kind == "label":
            split = (blocks[fields[2]], int(fields[3])) if len(fields) > 2 else ()
            labels.append(Label(int(fields[1], 16), *split))
            runs.append([])
        elif kind == "run":
            runs[-1].append(BlockRun(blocks[fields[0]], int(fields[1]), int(fields[2])))
        elif kind == "end":
            complete = True
    if not complete:
        raise IncompleteCountError(f"the program passed {len(labels)} labels only")
    # Blocks listed after label i ran before it: those of the first label precede all regions.
    return [Region(tuple(runs[i + 1]), labels[i], labels[i + 1]) for i in range(len(labels) - 1)]


def pack_timings(pieces: Iterable[Iterable[tuple[int, Timing]]]) -> dict[str, Any]:
    """Timings for a JSON file, a character an instruction: {"kinds": [[...], ...], "code": [[address, text], ...]}.

    Args:
        pieces: (address, timing) of code without gaps.
    """
    kinds: dict[Timing, int] = {}
    code = []
    for piece in pieces:
        rows = list(piece)
        text = "".join(chr(_FIRST_KIND + kinds.setdefault(timing, len(kinds))) for _, timing in rows)
        code.append([rows[0][0], text])
    return {"kinds": [list(kind) for kind in kinds], "code": code}


def unpack_timings(packed: dict[str, Any]) -> dict[int, Timing]:
    kinds, timings = [Timing(*kind) for kind in packed["kinds"]], {}
    for address, text in packed["code"]:
        for character in text:
            timing = kinds[ord(character) - _FIRST_KIND]
            timings[address] = timing
            address += timing.size
    return timings


def executed(region: Region, timings: Timings | None) -> Iterator[Executed]:
    """What the region executed, in parts; with timings an address each, without them a block each.

    The parts add up to the same sums for every cut into blocks. Instructions do not overlap across a label.
    """
    if region.start == region.end:
        return
    for run in region.runs:
        yield from _straight(run.block, 0, run.executions, timings)
    if timings is not None:
        yield from _left(region, timings)
    for label, sign in ((region.start, 1), (region.end, -1)):
        if label.block is not None:
            # A label's own instruction begins a region; where one ends, it was counted as part of its block.
            entered = label is region.start
            yield from _straight(label.block, label.before, sign, timings, fresh=entered or label.before == 0)


def total(region: Region, timings: Timings | None) -> tuple[int, int]:
    """(instructions, cycles) of a region."""
    parts = list(executed(region, timings))
    return sum(p.instructions for p in parts), sum(p.cycles for p in parts)


def _straight(
    block: Block, skipped: int, executions: int, timings: Timings | None, *, fresh: bool = True
) -> Iterator[Executed]:
    """A block from one of its instructions on; `fresh` when nothing that could overlap ran just before that one."""
    if timings is None:
        yield Executed(block.address, executions * (block.instructions - skipped), 0)
        return
    address = block.address
    for i in range(block.instructions):
        timing = timings[address]
        if i >= skipped:
            alone = fresh and i == skipped
            yield Executed(address, executions, executions * (timing.cycles if alone else timing.overlapped))
        address += timing.size


def _left(region: Region, timings: Timings) -> Iterator[Executed]:
    """How the region's blocks were left: by jumps, or into the instruction after them, which may overlap then."""
    # Executions that were left, and those by a jump. What a label splits is left in the region after it.
    left: dict[Block, list[int]] = {run.block: [run.executions, run.jumps] for run in region.runs}
    for label, sign in ((region.start, 1), (region.end, -1)):
        if label.block is not None:
            left.setdefault(label.block, [0, 0])[0] += sign
    for block, (executions, jumps) in left.items():
        last = block.address
        for _ in range(block.instructions - 1):
            last += timings[last].size
        yield Executed(last, 0, jumps * timings[last].taken)
        following = last + timings[last].size
        if following != region.end.address and following in timings:
            after = timings[following]
            yield Executed(following, 0, (executions - jumps) * (after.overlapped - after.cycles))
