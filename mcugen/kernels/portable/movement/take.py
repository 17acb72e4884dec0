"""Values at constant places, on any CPU."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import ClassVar

import numpy as np
import numpy.typing as npt

from mcugen.graph.graph import Graph
from mcugen.graph.ops import Take
from mcugen.graph.ops.base import Operator
from mcugen.graph.tensor import DTYPES, Tensor
from mcugen.kernels.base import Constant, Invocation, Overlap
from mcugen.kernels.portable.common import PortableKernel, operands, pad_front

_LOOPS = 8
Offsets = npt.NDArray[np.int64]


@dataclass(frozen=True)
class Loop:
    """One loop of the walk: its turns, and the input bytes from its start to each: `step * turn`, or a table."""

    size: int
    step: int
    table: Offsets | None = None

    @property
    def offsets(self) -> Offsets:
        return np.arange(self.size, dtype=np.int64) * self.step if self.table is None else self.table


class TakePortable(PortableKernel):
    """mcugen_take_s8, mcugen_take_steps_s8."""

    name: ClassVar[str] = "take_s8.portable"
    operator: ClassVar[type[Operator]] = Take
    any_type: ClassVar[bool] = True

    def invoke(self, op: Operator, graph: Graph) -> Invocation:
        assert isinstance(op, Take)
        given, out = operands(op, graph), graph.tensor(op.outputs[0])
        first, loops = walk(given.tensors[0], op.indices)
        tables = [loop.table for loop in loops if loop.table is not None]
        starts = iter(np.cumsum([0, *(len(t) for t in tables)]).tolist())
        constants = given.constants
        if tables:
            constants += (Constant("offsets", np.concatenate(tables).astype(np.int32)),)
        return Invocation(
            kernel=self.name,
            function="mcugen_take_s8" if tables else "mcugen_take_steps_s8",
            source="portable/movement/take_s8.c",
            params_type="mcugen_take_params",
            params={
                "shape": pad_front([loop.size for loop in loops], _LOOPS, 1),
                "step": pad_front([loop.step for loop in loops], _LOOPS, 0),
                "table": pad_front([-1 if loop.table is None else next(starts) for loop in loops], _LOOPS, -1),
                "first": first,
            },
            inputs=given.inputs,
            constants=constants,
            outputs=(out.name,),
            overlaps=_overlaps(first, loops, out.size_bytes) if given.inputs else (),
            as_bytes=True,
        )

    def cost(self, op: Operator, graph: Graph) -> float:
        assert isinstance(op, Take)
        size = graph.tensor(op.outputs[0]).size_bytes
        _, loops = walk(graph.tensor(op.inputs[0]), op.indices)
        run = loops[-1].size if loops[-1].step == 1 else 1
        return size * (1.0 + 8.0 / run)


def walk(x: Tensor, indices: tuple[tuple[int, ...], ...]) -> tuple[int, list[Loop]]:
    """(first input byte, loops, outermost first) that write the output in order. At least one loop, at most `_LOOPS`:
    an axis is one table, or up to two loops with steps while there are enough of them."""
    item = DTYPES[x.dtype].itemsize
    first, spare = 0, _LOOPS - 1 - sum(len(taken) > 1 for taken in indices)
    loops: list[Loop] = []
    for axis, taken in enumerate(indices):
        places = np.asarray(taken, np.int64) * (math.prod(x.shape[axis + 1 :]) * item)
        first += int(places[0])
        own = _loops_of(places - places[0], 2 if spare else 1)
        spare -= len(own) - 1 if own else 0
        loops += own
    merged: list[Loop] = []
    for loop in (*loops, Loop(item, 1)) if item > 1 else loops:
        before = merged[-1] if merged else None
        if before and before.table is None and loop.table is None and before.step == loop.step * loop.size:
            merged[-1] = Loop(before.size * loop.size, loop.step)
        else:
            merged.append(loop)
    return first, merged or [Loop(1, 1)]


def _loops_of(offsets: Offsets, most: int) -> list[Loop]:
    """The offsets of one axis, which start with 0, as at most `most` loops with steps, else as one table."""
    if len(offsets) == 1:
        return []
    step = int(offsets[1])
    different = np.flatnonzero(offsets != np.arange(len(offsets)) * step)
    if not len(different):
        return [Loop(len(offsets), step)]
    inner = int(different[0])
    if most == 2 and len(offsets) % inner == 0:
        outer = offsets[::inner]
        loops = [Loop(len(outer), int(outer[1])), Loop(inner, step)]
        if np.array_equal((loops[0].offsets[:, None] + loops[1].offsets).reshape(-1), offsets):
            return loops
    return [Loop(len(offsets), 0, offsets)]


def _overlaps(first: int, loops: list[Loop], output_bytes: int) -> tuple[Overlap, ...]:
    """Runs of bytes are copied upwards, one after the other: each must end below what later ones read, and must not
    start above what it reads itself."""
    copies = loops[-1].table is None and loops[-1].step == 1
    run = loops[-1].size if copies else 1
    starts = np.array([first], np.int64)
    for loop in loops[:-1] if copies else loops:
        starts = (starts[:, None] + loop.offsets).reshape(-1)
    later = np.minimum.accumulate(starts[::-1])[::-1]
    written = np.arange(len(starts), dtype=np.int64) * run
    distance = max(0, int((written - starts).max()))
    if len(starts) > 1:
        distance = max(distance, int((written[1:] - later[1:]).max()))
    return (Overlap(0, distance),) if distance < output_bytes else ()
