"""Jobs: the pieces that the NPU cuts an operation into, and how far one operation may run into the next.

A job makes a block of outputs from a slice of the input channels: OFM_BLK_DEPTH × OFM_BLK_WIDTH × OFM_BLK_HEIGHT,
channels before columns before rows, and for each block the slices of the input one after the other. BLOCKDEP says how
many jobs of the operation before may still be at work: its last but j-th job and the i-th of this operation (both from
0) run beside each other when i + j < BLOCKDEP. What one of them reads, the other one must not write.

Source: `calc_blockdep` of Arm's Vela 5.2, and the same in its other compiler core, which lets job n read the n-th piece
of the input: with a stride, that is less far on than what its outputs need. Both have to say that a job reads it.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterator
from dataclasses import dataclass

from mcugen.ethosu.model.feature_map import Box, FeatureMap
from mcugen.ethosu.model.operations import Operation

_KERNEL = 32, 64
"""Rows and columns of a kernel that a job is known to read: a larger one goes in pieces, by one of Vela's two cores."""


@dataclass(frozen=True)
class _Job:
    """A job.

    Attributes:
        place: its row and column among the blocks.
        channels: that it reads; None: those that it writes.
    """

    place: tuple[int, int]
    output: Box
    channels: slice | None


def touches_too_early(before: Operation, operation: Operation) -> str | None:
    """The feature map that an operation may read before the one in front of it has written it, or None."""
    written = [fm for fm in before.feature_maps if fm.name == "OFM"]
    for fm in operation.feature_maps:
        if fm.name == "OFM" or not any(_share(target, None, fm, None) for target in written):
            continue
        depth = operation.registers["BLOCKDEP"]
        last = list(itertools.islice(_jobs(before, backwards=True), depth))
        first = list(itertools.islice(_jobs(operation), depth))
        for i, reader in enumerate(first):
            area = _read(operation, fm, reader)
            for writer in last[: depth - i]:
                box = writer.output if before.keeps_axes else None
                if any(_share(target, box, fm, area) for target in written):
                    return fm.name
    return None


def _share(target: FeatureMap, written: Box | None, source: FeatureMap, read: Box | None) -> bool:
    """Whether two areas have a byte in common; None is all of a feature map."""
    return any(
        one.conflicts(other)
        for one in target.accesses(writes=True, box=written)
        for other in source.accesses(writes=False, box=read)
    )


def _jobs(operation: Operation, *, backwards: bool = False) -> Iterator[_Job]:
    """All jobs, from the first or from the last."""
    assert operation.work.ofm is not None
    registers = operation.registers
    block = [registers[f"OFM_BLK_{axis}_M1"] + 1 for axis in ("HEIGHT", "WIDTH", "DEPTH")]
    counts = [math.ceil(size / step) for size, step in zip(operation.work.ofm, block, strict=True)]
    slices = _slices(operation)
    numbers = range(math.prod(counts) * len(slices))
    for number in reversed(numbers) if backwards else numbers:
        position, piece = divmod(number, len(slices))
        row, column, depth = (
            position // (counts[2] * counts[1]),
            position // counts[2] % counts[1],
            position % counts[2],
        )
        box = tuple(
            slice(at * step, min((at + 1) * step, size))
            for at, step, size in zip((row, column, depth), block, operation.work.ofm, strict=True)
        )
        yield _Job((row, column), (box[0], box[1], box[2]), slices[piece])


def _slices(operation: Operation) -> list[slice | None]:
    """The input channels that jobs take in turn, where each output needs all of them."""
    step, ifm = operation.input_slice, operation.work.ifm
    if step is None or ifm is None:
        return [None]
    return [slice(at, min(at + step, ifm[2])) for at in range(0, ifm[2], step)]


def _read(operation: Operation, fm: FeatureMap, job: _Job) -> Box:
    """The area of an input that a job reads."""
    rows, columns, depth = job.output
    channels = depth if job.channels is None else job.channels
    if operation.work.kind != "elementwise":
        seen = operation.seen(rows, columns, _KERNEL)
        rows, columns = (_common(*pair) for pair in zip(seen, _pieces(operation, job), strict=True))
        return rows, columns, channels
    # A broadcast operand has one element along an axis, for all outputs.
    rows, columns, channels = (
        part if size > 1 else slice(0, 1) for part, size in zip((rows, columns, channels), fm.shape, strict=True)
    )
    return rows, columns, channels


def _pieces(operation: Operation, job: _Job) -> list[slice]:
    """Rows and columns of the input, cut into pieces as large as a block needs; the one of the job's number."""
    window, found = operation.window, []
    for axis, side in enumerate(("HEIGHT", "WIDTH")):
        size = operation.registers[f"OFM_BLK_{side}_M1"] + 1
        if window is not None:
            size = (size - 1) * window.stride[axis] + (window.kernel[axis] - 1) * window.dilation[axis] + 1
        found.append(slice(job.place[axis] * size, (job.place[axis] + 1) * size))
    return found


def _common(one: slice, other: slice) -> slice:
    low = max(one.start, other.start)
    return slice(low, max(low, min(one.stop, other.stop)))
