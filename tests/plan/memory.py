"""Runs a plan on a model of memory in which every byte remembers which tensor it belongs to."""

from __future__ import annotations

from mcugen.kernels.base import Invocation, Overlap
from mcugen.plan.plan import Plan

Region = tuple[str, int]  # memory ("arena", "input:0" ...) and offset


def run(plan: Plan) -> None:
    """Executes the schedule; asserts that every step finds its inputs whole and keeps the rules of its kernel.

    Independent of how the planner represents lifetimes: it only looks at the plan, as emission does.
    """
    memory: dict[Region, tuple[str, int]] = {}
    graph = plan.graph
    for port in graph.inputs:
        write(plan, memory, port.tensor)
    for step in plan.steps:
        inv = step.invocation
        if inv.alias:
            # Bytes carry the name of their buffer, so the other name of the same bytes needs no step.
            assert plan.storage[step.operator.inputs[0]] == plan.storage[step.operator.outputs[0]]
            continue
        for name in inv.inputs:
            check(plan, memory, name)
        check_apart(plan, inv, step.operator.name)
        for name in inv.outputs:
            assert not plan.storage[name].startswith("input:"), "inputs are const"
        if inv.scratch_bytes:
            scratch = plan.arena.placements[f"scratch:{step.operator.name}"]
            assert scratch.size == inv.scratch_bytes and scratch.offset % inv.scratch_alignment == 0
            assert scratch.offset + scratch.size <= plan.arena.size
            for byte in range(scratch.size):
                memory["arena", scratch.offset + byte] = ("scratch", byte)
        for name in inv.outputs:
            write(plan, memory, name)
    for i, port in enumerate(graph.outputs):
        assert plan.storage[port.tensor] == f"output:{i}"
        check(plan, memory, port.tensor)


def region(plan: Plan, tensor: str) -> tuple[str, int, int]:
    """Memory, offset, size."""
    buffer, size = plan.storage[tensor], plan.graph.tensors[tensor].size_bytes
    if ":" in buffer:
        return buffer, 0, size
    placement = plan.arena.placements[buffer]
    assert size <= placement.size and placement.offset + size <= plan.arena.size
    return "arena", placement.offset, size


def write(plan: Plan, memory: dict[Region, tuple[str, int]], tensor: str) -> None:
    where, offset, size = region(plan, tensor)
    for byte in range(size):
        memory[where, offset + byte] = (plan.storage[tensor], byte)


def check(plan: Plan, memory: dict[Region, tuple[str, int]], tensor: str) -> None:
    where, offset, size = region(plan, tensor)
    for byte in range(size):
        assert memory.get((where, offset + byte)) == (plan.storage[tensor], byte), f"{tensor} is damaged"


def check_apart(plan: Plan, inv: Invocation, name: str) -> None:
    """Output and inputs are disjoint or overlap as the kernel allows; scratch is disjoint from both."""
    blocks = [region(plan, n) for n in (*inv.inputs, *inv.outputs)]
    if inv.scratch_bytes:
        scratch = plan.arena.placements[f"scratch:{name}"]
        assert all(not intersect(("arena", scratch.offset, scratch.size), b) for b in blocks)
    for output in inv.outputs:
        target = region(plan, output)
        assert all(not intersect(target, region(plan, other)) for other in inv.outputs if other != output)
        for index, source in enumerate(inv.inputs):
            place = region(plan, source)
            if intersect(target, place):
                assert any(allows(o, index, place[1] - target[1]) for o in inv.overlaps), (name, target, place)


def allows(overlap: Overlap, index: int, distance: int) -> bool:
    if overlap.input_index != index:
        return False
    return distance == overlap.distance if overlap.exact else distance >= overlap.distance


def intersect(a: tuple[str, int, int], b: tuple[str, int, int]) -> bool:
    return a[0] == b[0] and a[1] < b[1] + b[2] and b[1] < a[1] + a[2]
