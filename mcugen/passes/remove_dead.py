"""Drops operators whose results nobody reads."""

from __future__ import annotations

from mcugen.graph.graph import Graph
from mcugen.graph.ops import Operator


def remove_dead(graph: Graph) -> Graph:
    needed = {port.tensor for port in graph.outputs}
    kept: list[Operator] = []
    for op in reversed(graph.operators):
        if needed.intersection(op.outputs):
            kept.append(op)
            needed.update(op.inputs)
    return graph if len(kept) == len(graph.operators) else graph.with_changes(operators=reversed(kept))
