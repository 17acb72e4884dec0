"""From kernel calls in order to the arena problem, and from kernel calls to the scheduler's tasks."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from mcugen.graph.graph import Graph
from mcugen.graph.ops.base import Operator
from mcugen.graph.tensor import DTYPES
from mcugen.kernels.base import Invocation
from mcugen.plan.problem import Buffer, Problem, SharedPair
from mcugen.plan.schedule import Task
from mcugen.plan.storage import is_border, is_state

ACTIVATION_ALIGNMENT = 4  # word loads of four int8 values never straddle words when rows are multiples of four


@dataclass(frozen=True)
class BoundOperator:
    """An operator with the kernel chosen for it."""

    operator: Operator
    invocation: Invocation


def scratch_buffer(op: Operator) -> str:
    return f"scratch:{op.name}"


def buffer_sizes(graph: Graph, storage: Mapping[str, str]) -> dict[str, int]:
    """Bytes that each buffer takes in the arena; the caller's memory takes none."""
    sizes: dict[str, int] = {}
    for name, buffer in storage.items():
        size = 0 if is_border(buffer) else graph.tensors[name].size_bytes
        sizes[buffer] = max(sizes.get(buffer, 0), size)
    return sizes


def arena_problem(graph: Graph, calls: Sequence[BoundOperator], storage: Mapping[str, str]) -> Problem:
    """Lifetimes are step indices of `calls`, alias steps included."""
    sizes = buffer_sizes(graph, storage)
    first: dict[str, int] = {}
    last: dict[str, int] = {}
    scratch = []
    for step, call in enumerate(calls):
        inv = call.invocation
        if inv.alias:
            continue
        for name in (*inv.inputs, *inv.outputs):
            first.setdefault(storage[name], step)
            last[storage[name]] = step
        if inv.scratch_bytes:
            name = scratch_buffer(call.operator)
            scratch.append(Buffer(name, inv.scratch_bytes, inv.scratch_alignment, step, step))
    alignment = {b: max(ACTIVATION_ALIGNMENT, DTYPES[graph.tensors[n].dtype].itemsize) for n, b in storage.items()}
    tensors = [Buffer(b, sizes[b], alignment[b], first[b], last[b]) for b in first if not is_border(b)]
    pairs = [
        pair
        for step, call in enumerate(calls)
        for pair in _pairs(call.invocation, storage)
        if last[pair.upper] == step and first[pair.upper] < step
    ]
    return Problem((*tensors, *scratch), tuple(pairs))


def _pairs(invocation: Invocation, storage: Mapping[str, str]) -> list[SharedPair]:
    """The permissions of one call. A buffer that is read through several inputs needs the permission of each."""
    if invocation.alias or len(invocation.outputs) != 1:
        return []
    output = storage[invocation.outputs[0]]
    by_index = {o.input_index: o for o in invocation.overlaps}
    pairs = []
    for buffer in dict.fromkeys(storage[n] for n in invocation.inputs):
        overlaps = [by_index.get(i) for i, n in enumerate(invocation.inputs) if storage[n] == buffer]
        granted = [o for o in overlaps if o is not None]
        if len(granted) < len(overlaps) or is_border(buffer) or is_border(output) or buffer == output:
            continue
        exact = {o.distance for o in granted if o.exact}
        distance = max(o.distance for o in granted)
        if exact and (exact != {distance} or distance < 0):
            continue
        pairs.append(SharedPair(output, buffer, distance, exact=bool(exact)))
    return pairs


def schedule_tasks(graph: Graph, calls: Sequence[BoundOperator], storage: Mapping[str, str]) -> list[Task]:
    """The calls as the scheduler sees them, in the same order."""
    sizes = buffer_sizes(graph, storage)
    producer = {name: i for i, call in enumerate(calls) for name in call.operator.outputs}
    tasks = []
    readers: dict[str, set[int]] = {}
    fallible = {i for i, call in enumerate(calls) if call.invocation.fallible}
    for i, call in enumerate(calls):
        for name in () if call.invocation.alias else call.invocation.inputs:
            readers.setdefault(storage[name], set()).add(i)
    for i, call in enumerate(calls):
        inv = call.invocation
        after = frozenset(producer[n] for n in call.operator.inputs if n in producer)
        if inv.alias:
            tasks.append(Task(after, (), ()))
            continue
        # A state is overwritten when everybody has read it.
        for buffer in {storage[n] for n in inv.outputs if is_state(storage[n])}:
            after |= readers.get(buffer, set()) - {i}
        # Nothing that lasts is written until all has gone well.
        if any(is_border(storage[n]) for n in inv.outputs):
            after |= fallible - {i}
        sharing = tuple(
            (p.upper, min(max(sizes[p.lower] - max(p.distance, 0), 0), sizes[p.upper])) for p in _pairs(inv, storage)
        )
        reads = tuple(dict.fromkeys(storage[n] for n in inv.inputs))
        writes = tuple(dict.fromkeys(storage[n] for n in inv.outputs))
        tasks.append(Task(after, reads, writes, inv.scratch_bytes, sharing))
    return tasks
