"""An estimate of cycles from the stream itself: blocks, multiply-accumulates, output stage and memory traffic.

The NPU works block by block: multiply-accumulate units, output stage and memory overlap, so that the slowest decides;
the first block's input, the last block's output and the first block of the other unit do not overlap with anything. A
core does one step a cycle: a ublock of outputs with eight input channels, or a ublock with one element of a kernel
where channels do not add up. Weights come at eight a cycle and output channel of a ublock; a step that waits for the
sum before it takes some cycles more. The output stage takes cycles for each element that depend on the operation.

Figures: `npu_performance.py` and `architecture_features.py` of Arm's Vela 5.2 and the same in its other compiler core.
An estimate, not a measurement.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from mcugen.ethosu.model.feature_map import FeatureMap, registers_of
from mcugen.ethosu.model.memories import Memories, Speed
from mcugen.ethosu.model.memory import SHRAM
from mcugen.ethosu.model.operations import Operation
from mcugen.ethosu.model.operations.operation import Work
from mcugen.ethosu.model.operations.window import Window
from mcugen.ethosu.model.registers import Registers

_SUBKERNEL = 8
_WIDE = ("I40", "I48")
_UNARY = ("lrelu", "abs", "clz", "not")

# MACs: cycles that the output stage takes for an element of 32-bit inputs (one, two), of products into 32 bits, of
# other products and 40-bit sums, of a sum or difference, of a maximum, of everything else.
_OUTPUT: Mapping[int, tuple[float, float, float, float, float, float, float]] = {
    32: (2.0, 3.0, 3.0, 3.0, 6.0, 1.0, 2.0),
    64: (1.0, 1.5, 1.5, 1.5, 3.0, 0.5, 1.0),
    128: (0.75, 1.25, 0.75, 0.75, 1.5, 0.25, 0.5),
    256: (0.625, 1.125, 0.5, 0.375, 0.75, 0.125, 0.25),
    512: (0.3125, 0.5625, 0.25, 0.1875, 0.375, 0.0625, 0.125),
}
# The same of U85: for an element of 8, 16, 32, 64 bits, of two inputs of 32 bits into less and into as many.
_OUTPUT_U85: Mapping[int, tuple[float, float, float, float, float, float]] = {
    128: (0.5, 0.5, 0.5, 1.0, 1.0, 1.0),
    256: (0.25, 0.25, 0.25, 0.5, 0.5, 0.5),
    512: (0.125, 0.125, 0.25, 0.5, 0.25, 0.25),
    1024: (0.0625, 0.125, 0.25, 0.5, 0.125, 0.25),
    2048: (0.03125, 0.0625, 0.125, 0.25, 0.0625, 0.125),
}
# MACs: cycles for an element that goes through a table, tanh or sigmoid.
_TABLE: Mapping[int, float] = {32: 1.0, 64: 1.0, 128: 1.0, 256: 1.0, 512: 0.5}


@dataclass(frozen=True)
class Estimate:
    """Cycles of one operation.

    Attributes:
        compute: of the multiply-accumulate units.
        output: of the output stage.
        memory: of each memory, by its name.
        edges: what does not overlap: the first block's input, the last one's output.
        reads, writes: bytes by region: an input is read again for each block of output channels.
    """

    compute: int
    output: int
    memory: Mapping[str, int]
    edges: int
    reads: Mapping[int, int]
    writes: Mapping[int, int]

    @property
    def cycles(self) -> int:
        """The slowest, for they overlap, and the edges."""
        return max(self.compute, self.output, max(self.memory.values(), default=0)) + self.edges

    @property
    def bound(self) -> str:
        """What decides: "compute", "output", or the name of a memory."""
        parts = {"compute": self.compute, "output": self.output, **self.memory}
        return max(parts, key=lambda name: parts[name])


def estimate(operation: Operation, memories: Memories) -> Estimate:
    """Cycles and traffic of an operation."""
    work = operation.work
    repeats = 1.0 if operation.window is None else _input_repeats(operation, operation.window)
    block = None if work.kind == "dma" else _block(operation.registers)
    again = 1
    if block is not None and work.ofm is not None and work.kind in ("convolution", "depthwise"):
        # Weights are read again for each block of rows and columns.
        again = math.prod(math.ceil(size / step) for size, step in zip(work.ofm[:2], block[:2], strict=True))
    traffic: tuple[dict[int, int], dict[int, int]] = ({}, {})
    moved: dict[str, float] = {}
    maps = {fm.name: fm for fm in operation.feature_maps}
    for what, access in operation.accesses:
        size = float(access.bytes) * (repeats if what == "IFM" else again if what in ("weights", "scales") else 1)
        kind = traffic[access.writes]
        kind[access.region] = kind.get(access.region, 0) + round(size)
        speed = memories.regions.get(access.region)
        if access.region == SHRAM or speed is None:
            continue
        if what in maps and block is not None:
            size *= _waste(maps[what], block, speed, writes=access.writes)
        latency = (speed.write_latency if access.writes else speed.read_latency) if work.kind == "dma" else 0
        moved[speed.name] = moved.get(speed.name, 0.0) + size / speed.bytes_per_cycle + latency
    memory = {name: math.ceil(cycles) for name, cycles in moved.items()}
    if block is None:
        return Estimate(0, 0, memory, 0, *traffic)
    compute, output = _compute(operation, block), _output(operation)
    blocks = math.prod(math.ceil(n / b) for n, b in zip(work.ofm or (1, 1, 1), block, strict=True))
    # Element-wise operations have no unit in front of the output stage; the next one begins behind it at once.
    edges = 0 if work.kind == "elementwise" else _edges(operation, block, memories) + min(compute, output) // blocks
    return Estimate(compute, output, memory, edges, *traffic)


def _block(registers: Registers) -> tuple[int, int, int]:
    """Height, width and depth of a block of outputs."""
    height, width, depth = (registers[f"OFM_BLK_{axis}_M1"] + 1 for axis in ("HEIGHT", "WIDTH", "DEPTH"))
    return height, width, depth


def _waste(fm: FeatureMap, block: tuple[int, int, int], speed: Speed, *, writes: bool) -> float:
    """How many bytes are moved for one that is wanted: a run that is shorter than a burst takes up a whole one."""
    item, depth = fm.dtype.itemsize, min(block[2], fm.shape[2])
    if fm.is_bricked:
        run = 16 * item * min(block[1], fm.shape[1])
    elif depth == fm.shape[2] and (not writes or depth <= 16):
        run = item * depth * min(block[1], fm.shape[1])
    else:
        run = min(64, 16 * item, depth * item) if writes else depth * item
    return speed.burst / min(speed.burst, run)


def _edges(operation: Operation, block: tuple[int, int, int], memories: Memories) -> int:
    """Cycles to fetch the first block's input and to write the last one's output."""
    result = 0.0
    for fm in operation.feature_maps:
        speed = memories.regions.get(fm.region)
        if speed is None:
            continue
        sizes = [min(b, n) for b, n in zip(block, fm.shape, strict=True)]
        if fm.name != "OFM" and operation.window is not None:
            rows, columns = operation.seen(slice(0, sizes[0]), slice(0, sizes[1]), (_SUBKERNEL, _SUBKERNEL))
            sizes = [rows.stop - rows.start, columns.stop - columns.start, min(32 // fm.dtype.itemsize, fm.shape[2])]
        is_output = fm.name == "OFM"
        size = math.prod(sizes) * fm.dtype.itemsize * _waste(fm, block, speed, writes=is_output)
        result += size / speed.bytes_per_cycle + (speed.write_latency if is_output else speed.read_latency)
    return math.ceil(result)


def _input_repeats(operation: Operation, window: Window) -> float:
    """How often each input element is read: once a block of output channels, more where blocks overlap."""
    work, block = operation.work, _block(operation.registers)
    assert work.ofm is not None and work.ifm is not None
    result = float(math.ceil(work.ofm[2] / block[2])) if work.kind == "convolution" else 1.0
    for axis in (0, 1):
        size = min(block[axis], work.ofm[axis])
        reach = (work.kernel[axis] - 1) * window.dilation[axis] + 1
        seen = min((size - 1) * window.stride[axis] + reach, work.ifm[axis])
        result *= max(1.0, seen * math.ceil(work.ofm[axis] / size) / work.ifm[axis])
    return result


def _compute(operation: Operation, block: tuple[int, int, int]) -> int:
    """Cycles of the multiply-accumulate units for all blocks."""
    work, configuration = operation.work, operation.registers.configuration
    if operation.window is None or work.ofm is None or work.ifm is None:
        return 0
    ublock, is_u85 = operation.ublock, configuration.product == "U85"
    is_row = work.ofm[0] == work.kernel[0] == 1 and not work.ofm[1] % 2
    if not is_u85 and ublock[0] == 2 and work.kind == "convolution" and is_row:
        ublock = (1, 4, ublock[2])  # one row: its columns take both rows of a ublock
    sizes = [min(b, n) for b, n in zip(block, work.ofm, strict=True)]
    rows, columns, deep = (math.ceil(n / u) for n, u in zip(sizes, ublock, strict=True))
    item = registers_of(operation.registers, "IFM")[0].itemsize
    is_wide = operation.registers.choice("ACC_FORMAT", "acc_format") in _WIDE
    area, total = rows * columns, 0
    for elements in _subkernels(work.kernel):
        steps, each = _steps(operation, elements, area, 4 * ublock[2] // (configuration.cores if is_u85 else 1), item)
        total += steps * each * deep
        if work.kind != "pooling" or work.detail == "reduce sum":
            total += _delay(configuration.macs, rows, columns, deep, steps, is_wide=is_wide)
    if operation.input_slice is not None and work.detail != "part-kernel-first":
        total *= math.ceil(work.ifm[2] / operation.input_slice)
    covered = math.prod(math.ceil(n / u) for n, u in zip(work.ofm, ublock, strict=True))
    return math.ceil(total * covered / (area * deep) / (1 if is_u85 else configuration.cores))


def _subkernels(kernel: tuple[int, int]) -> Iterator[int]:
    """Elements of each piece of 8×8 at most."""
    for y in range(0, kernel[0], _SUBKERNEL):
        for x in range(0, kernel[1], _SUBKERNEL):
            yield min(_SUBKERNEL, kernel[0] - y) * min(_SUBKERNEL, kernel[1] - x)


def _steps(operation: Operation, elements: int, area: int, weights: int, item: int) -> tuple[int, int]:
    """Steps for one depth of ublocks of a block, and the cycles of one.

    Args:
        weights: cycles until they are there.
    """
    work = operation.work
    assert work.ifm is not None
    if work.kind == "pooling" and work.detail != "reduce sum":
        return 1, max(4, elements) * area * (4 * item if operation.registers.configuration.macs > 32 else 1)
    if work.kind == "depthwise":
        return math.ceil(elements / 4), max(weights, 4 * area * item)
    if work.detail == "part-kernel-first":
        return math.ceil(elements * item / 4) * math.ceil(work.ifm[2] / 8), max(weights, 4 * area)
    if operation.registers.configuration.product == "U85":
        depth = min(operation.input_slice or work.ifm[2], work.ifm[2])
        return elements, max(weights, math.ceil(depth / 8) * area) * item
    return elements, max(weights, 4 * area)


def _delay(macs: int, rows: int, columns: int, deep: int, steps: int, *, is_wide: bool) -> int:
    """Cycles in which a step waits for the sum of the one before it: where a block is a single ublock."""
    small = macs == 32
    delay = (7 if is_wide else 3) if small else 3 if is_wide and macs <= 128 else 2
    result = 0
    if rows * columns == 1:
        result = delay * steps if deep == 1 else delay * max(0, steps - 1) * deep
    if small and is_wide and min(rows, columns) == 1 and deep > 1:
        result += delay * deep
    return result


def _output(operation: Operation) -> int:
    """Cycles of the output stage."""
    work, registers = operation.work, operation.registers
    assert work.ofm is not None
    first, result = (registers_of(registers, name)[0].itemsize for name in ("IFM", "OFM"))
    if registers.configuration.product == "U85":
        return math.ceil(_output_u85(work, registers.configuration.macs, first, result) * math.prod(work.ofm))
    one, two, wide, product, difference, maximum, other = _OUTPUT[registers.configuration.macs]
    if work.kind == "elementwise" and first == 4:
        each = one if work.detail in _UNARY else two
    elif work.detail == "mul":
        each = wide if result == 4 else product
    elif work.detail in ("add", "sub"):
        each = difference
    elif work.kind != "elementwise" and registers.choice("ACC_FORMAT", "acc_format") in _WIDE:
        each = product
    else:
        each = maximum if work.detail == "max" and work.kind == "pooling" else other
    if registers.choice("ACTIVATION", "activation_function") != "RELU":
        each = max(each, _TABLE[registers.configuration.macs])
    return math.ceil(each * math.prod(work.ofm))


def _output_u85(work: Work, macs: int, first: int, result: int) -> float:
    """Cycles of an element, by bytes of input and output."""
    byte, half, word, double, narrows, keeps = _OUTPUT_U85[macs]
    if work.kind == "elementwise" and work.detail not in _UNARY and first == 4:
        return keeps if result == 4 else narrows
    return {1: byte, 2: half, 4: word, 8: double}[result]
