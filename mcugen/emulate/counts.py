"""From the counting plugin's output to exact counts between labels."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from mcugen.emulate.cycles import CycleModel
from mcugen.emulate.runner import FunctionCount, LayerCount
from mcugen.firmware.elf import Elf


@dataclass(frozen=True)
class Block:
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
class Split:
    """A label inside a running block: `before` of its instructions belong to the region that ends there."""

    block: Block
    before: int


@dataclass(frozen=True)
class Region:
    """What was executed between two labels: whole blocks, the rest of the block that the first label split, without
    what follows the second label in its block."""

    runs: tuple[BlockRun, ...]
    start: Split
    end: Split


class IncompleteCountError(ValueError):
    """The program ended before it passed all labels."""


def read_regions(path: Path) -> list[Region]:
    """The plugin's output (see plugin/count.c): one region fewer than labels.

    Raises:
        IncompleteCountError: see there.
    """
    blocks: dict[str, Block] = {}
    splits: list[Split] = []
    runs: list[list[BlockRun]] = []
    complete = False
    for line in path.read_text().splitlines():
        kind, *fields = line.split()
        if kind == "block":
            blocks[fields[0]] = Block(int(fields[1], 16), int(fields[2]))
        elif kind == "label":
            splits.append(Split(blocks[fields[1]], int(fields[2])))
            runs.append([])
        elif kind == "run":
            runs[-1].append(BlockRun(blocks[fields[0]], int(fields[1]), int(fields[2])))
        elif kind == "end":
            complete = True
    if not complete:
        raise IncompleteCountError(f"the program passed {len(splits)} labels only")
    # Blocks listed after label i ran before it: those of the first label precede all regions.
    return [Region(tuple(runs[i + 1]), splits[i], splits[i + 1]) for i in range(len(splits) - 1)]


def count_region(region: Region, model: CycleModel | None) -> LayerCount:
    """Exact instructions, and the model's cycles."""
    instructions = sum(run.executions * run.block.instructions for run in region.runs)
    instructions += _instructions_after(region.start) - _instructions_after(region.end)
    if model is None:
        return LayerCount(instructions, None)
    cycles = sum(_run_cycles(run, model) for run in region.runs)
    return LayerCount(instructions, cycles + _cycles_after(region.start, model) - _cycles_after(region.end, model))


def add_counts(counts: Sequence[LayerCount]) -> LayerCount:
    cycles = [c.cycles for c in counts if c.cycles is not None]
    return LayerCount(sum(c.instructions for c in counts), sum(cycles) if len(cycles) == len(counts) else None)


def count_functions(regions: Sequence[Region], elf: Elf, model: CycleModel | None) -> tuple[FunctionCount, ...]:
    """All regions together by function, largest first; a block counts for the function that it starts in."""
    instructions: dict[str, int] = defaultdict(int)
    cycles: dict[str, int] = defaultdict(int)

    def add(address: int, count: int, time: int) -> None:
        function = elf.function_at(address)
        name = function.name if function else f"{address:#010x}"
        instructions[name] += count
        cycles[name] += time

    for region in regions:
        for run in region.runs:
            time = _run_cycles(run, model) if model else 0
            add(run.block.address, run.executions * run.block.instructions, time)
    for split, sign in ((regions[0].start, 1), (regions[-1].end, -1)):
        time = _cycles_after(split, model) if model else 0
        add(split.block.address, sign * _instructions_after(split), sign * time)
    found = [FunctionCount(n, count, cycles[n] if model else None) for n, count in instructions.items() if count]
    return tuple(sorted(found, key=lambda f: (-f.instructions, f.name)))


def _run_cycles(run: BlockRun, model: CycleModel) -> int:
    timing = model.block(run.block.address, run.block.instructions)
    return run.executions * timing.cycles + run.jumps * timing.taken


def _instructions_after(split: Split) -> int:
    return split.block.instructions - split.before


def _cycles_after(split: Split, model: CycleModel) -> int:
    whole = model.block(split.block.address, split.block.instructions).cycles
    return whole - model.block(split.block.address, split.before).cycles
