"""Which operators go to the NPU together: the largest groups that can run as one job each.

A group is one job when nothing outside it has to run between two of its members. Operators are given levels: an
operator's level is the highest of those it reads, one more where the side (NPU or CPU) changes. What is of one level
and connected is a group: a path that leaves it comes back on a higher level only.
"""

from __future__ import annotations

from collections.abc import Collection

from mcugen.graph.graph import Graph
from mcugen.graph.ops.base import Operator


def regions(graph: Graph, eligible: Collection[str]) -> list[list[Operator]]:
    """Groups of operators, each in the graph's order.

    Args:
        eligible: names of the operators that the NPU can run.
    """
    levels = _levels(graph, eligible)
    group: dict[str, list[Operator]] = {}
    producer = {t: op for op in graph for t in op.outputs}
    for op in graph:
        if op.name not in eligible:
            continue
        group[op.name] = mine = [op]
        for before in _neighbours(graph, op, producer):
            if before.name not in group or levels[before.name] != levels[op.name]:
                continue
            theirs = group[before.name]
            if theirs is not mine:
                theirs += mine
                for member in mine:
                    group[member.name] = theirs
                mine = theirs
    order = {op.name: index for index, op in enumerate(graph)}
    found = {id(members): sorted(members, key=lambda op: order[op.name]) for members in group.values()}
    return sorted(found.values(), key=lambda members: order[members[0].name])


def _levels(graph: Graph, eligible: Collection[str]) -> dict[str, int]:
    """Even levels are the CPU's, odd ones the NPU's."""
    level: dict[str, int] = {}
    of_tensor: dict[str, int] = {}
    for op in graph:
        side = int(op.name in eligible)
        highest = max((of_tensor.get(t, side) for t in op.inputs), default=side)
        level[op.name] = highest + (highest % 2 != side)
        of_tensor.update(dict.fromkeys(op.outputs, level[op.name]))
    return level


def _neighbours(graph: Graph, op: Operator, producer: dict[str, Operator]) -> list[Operator]:
    """What wrote an operator's operands; and what reads the same ones, for operands that come from outside."""
    writers = [producer[t] for t in op.inputs if t in producer]
    shared = {t for t in op.inputs if not graph.tensor(t).is_constant}
    readers = [other for other in graph if other is not op and shared & set(other.inputs)]
    return [*writers, *readers]
