"""From an emulator's counter to the counts of layers and functions."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from mcugen.emulate.blocks import IncompleteCountError, Region, executed, read_regions, total
from mcugen.emulate.cycles import CycleModel, cycle_model
from mcugen.emulate.runner import FunctionCount, LayerCount
from mcugen.errors import CheckFailedError
from mcugen.firmware.elf import Elf


@dataclass(frozen=True)
class Counts:
    """Of one inference: see `RunResult`."""

    layers: tuple[LayerCount, ...] = ()
    functions: tuple[FunctionCount, ...] = ()
    instructions: int = 0
    cycles: int | None = None
    cycles_source: str = "none"


def read_counts(path: Path, core: str, elf: Elf) -> Counts:
    """What a counter wrote to a file.

    Raises:
        CheckFailedError: the firmware did not pass all labels.
    """
    try:
        regions = read_regions(path.read_text() if path.exists() else "")
    except IncompleteCountError as error:
        raise CheckFailedError(f"counting failed: {error}") from error
    model = cycle_model(core, elf)
    counts = [_count_region(region, model) for region in regions]
    cycles = [count.cycles for count in counts if count.cycles is not None]
    return Counts(
        # The first region is the way from the entry to the first layer, the last one the way back.
        layers=tuple(counts[1:-1]),
        functions=_count_functions(regions, elf, model),
        instructions=sum(count.instructions for count in counts),
        cycles=sum(cycles) if model else None,
        cycles_source=model.name if model else "none",
    )


def _count_region(region: Region, model: CycleModel | None) -> LayerCount:
    instructions, cycles = total(region, model.timings if model else None)
    return LayerCount(instructions, cycles if model else None)


def _count_functions(regions: Sequence[Region], elf: Elf, model: CycleModel | None) -> tuple[FunctionCount, ...]:
    """All regions together by function, largest first; without a model a block counts for the function it starts in."""
    at: dict[int, list[int]] = defaultdict(lambda: [0, 0])
    for region in regions:
        for part in executed(region, model.timings if model else None):
            sums = at[part.address]
            sums[0] += part.instructions
            sums[1] += part.cycles
    instructions: dict[str, int] = defaultdict(int)
    cycles: dict[str, int] = defaultdict(int)
    for address, (count, time) in at.items():
        function = elf.function_at(address)
        name = function.name if function else f"{address:#010x}"
        instructions[name] += count
        cycles[name] += time
    found = [FunctionCount(n, count, cycles[n] if model else None) for n, count in instructions.items() if count]
    return tuple(sorted(found, key=lambda f: (-f.instructions, f.name)))
