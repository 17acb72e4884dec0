"""Counted blocks against the trace they were counted from: however the code is cut, the sums are those of the trace."""

from __future__ import annotations

import random
from dataclasses import dataclass, field

import pytest

from mcugen.emulate.blocks import Block, IncompleteCountError, Timing, read_regions, total

Trace = list[int]
_BASE = 0x100


def program(generator: random.Random, length: int = 60) -> dict[int, Timing]:
    """Code without gaps."""
    code, address = {}, _BASE
    for _ in range(length):
        cycles = generator.randint(1, 4)
        timing = Timing(generator.choice((2, 4)), cycles, generator.randint(1, cycles), generator.randint(0, 2))
        code[address] = timing
        address += timing.size
    return code


def walk(generator: random.Random, code: dict[int, Timing], labels: list[int], steps: int = 400) -> Trace:
    """Passes the labels in order, each for the first time after the one before; jumps here and there on its way."""
    addresses, trace, passed = list(code), [labels[0]], 0
    while True:
        here = trace[-1]
        while passed < len(labels) and labels[passed] == here:
            passed += 1
        if passed == len(labels):
            return trace
        following = here + code[here].size
        if len(trace) < steps and generator.random() < 0.3:
            trace.append(generator.choice([a for a in addresses if a not in labels[passed:]]))
        elif len(trace) >= steps or following not in code or following in labels[passed + 1 :]:
            trace.append(labels[passed])
        else:
            trace.append(following)


def sums(trace: Trace, code: dict[int, Timing], labels: list[int]) -> list[tuple[int, int]]:
    """(instructions, cycles) between labels, instruction by instruction."""
    found = [[0, 0] for _ in labels[:-1]]
    passed = region = 0
    before: int | None = None
    for here in trace:
        follows = before is not None and before + code[before].size == here
        if before is not None and not follows:
            found[region][1] += code[before].taken
        at_label = passed < len(labels) and labels[passed] == here
        while passed < len(labels) and labels[passed] == here:
            passed += 1
        if passed == len(labels):
            break
        region, before = passed - 1, here
        found[region][0] += 1
        found[region][1] += code[here].overlapped if follows and not at_label else code[here].cycles
    return [(count, cycles) for count, cycles in found]


@dataclass
class Counter:
    """An emulator with its counter, which cuts code into blocks of at most `longest` instructions.

    Attributes:
        cut_at_labels: as Renode's hooks do; else a label can be inside a block, as in QEMU.
    """

    code: dict[int, Timing]
    labels: list[int]
    longest: int
    cut_at_labels: bool
    lines: list[str] = field(default_factory=list)
    counts: dict[Block, list[int]] = field(default_factory=dict)
    known: list[Block] = field(default_factory=list)
    passed: int = 0

    def block_from(self, trace: Trace, start: int) -> int:
        """Where in the trace the block that starts there ends: at a jump at the latest."""
        end = start + 1
        while end < len(trace) and end - start < self.longest:
            if trace[end - 1] + self.code[trace[end - 1]].size != trace[end]:
                break
            if self.cut_at_labels and trace[end] in self.labels:
                break
            end += 1
        return end

    def run(self, trace: Trace) -> str:
        start, previous = 0, None
        while start < len(trace):
            end = self.block_from(trace, start)
            block = Block(trace[start], end - start)
            if previous is not None and trace[start - 1] + self.code[trace[start - 1]].size != block.address:
                self.counts[previous][1] += 1
            if self.cut_at_labels:
                self.label(trace[start], None, 0)
            self.counts.setdefault(block, [0, 0])[0] += 1
            if not self.cut_at_labels:
                for offset, address in enumerate(trace[start:end]):
                    self.label(address, block, offset)
            start, previous = end, block
        return "\n".join([*self.lines, "end"])

    def label(self, address: int, block: Block | None, offset: int) -> None:
        while self.passed < len(self.labels) and self.labels[self.passed] == address:
            split = f" {self.describe(block)} {offset}" if block else ""
            self.lines.append(f"label {self.passed} {address:#x}{split}")
            for seen, (executions, jumps) in self.counts.items():
                if executions or jumps:
                    self.lines.append(f"run {self.describe(seen)} {executions} {jumps}")
                self.counts[seen] = [0, 0]
            self.passed += 1

    def describe(self, block: Block) -> int:
        if block not in self.known:
            self.known.append(block)
            self.lines.insert(0, f"block {self.known.index(block)} {block.address:#x} {block.instructions}")
        return self.known.index(block)


@pytest.mark.parametrize("seed", range(40))
def test_every_cut_into_blocks_gives_the_sums_of_the_trace(seed: int) -> None:
    generator = random.Random(seed)
    code = program(generator)
    labels = sorted(generator.sample(list(code), 5))
    labels.insert(generator.randrange(5), labels[generator.randrange(5)])
    labels.sort()
    trace = walk(generator, code, labels)
    expected = sums(trace, code, labels)
    for longest in (1, 2, 7, 1000):
        for cut_at_labels in (False, True):
            text = Counter(code, labels, longest, cut_at_labels).run(trace)
            regions = read_regions(text)
            case = f"seed {seed}, blocks of {longest}, cut at labels: {cut_at_labels}"
            assert [total(region, code) for region in regions] == expected, case
            assert [total(region, None)[0] for region in regions] == [count for count, _ in expected], case


def test_a_count_without_its_end_is_refused() -> None:
    with pytest.raises(IncompleteCountError, match="passed 1 labels"):
        read_regions("block 0 0x10 4\nlabel 0 0x12 0 1\nrun 0 1 0\n")
