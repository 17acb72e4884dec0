"""Steps that may fail: the caller's outputs and the states stay as they were until all of them have ended well.

An operator that writes an output before the last such step writes to the arena instead; a copy follows at the end.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import replace

from mcugen.graph.graph import Graph
from mcugen.graph.ops.base import Operator
from mcugen.plan.storage import copy_of, roots_of


def delay_outputs(graph: Graph, aliases: Iterable[Operator], fallible: Collection[str]) -> Graph:
    """The graph with a copy behind each output that would be written too early.

    Args:
        aliases: the operators that move no data.
        fallible: names of the operators that may fail.
    """
    roots = roots_of(graph, aliases)
    order = {op.name: index for index, op in enumerate(graph)}
    last = max((order[name] for name in fallible), default=-1)
    names = set(graph.tensors) | {op.name for op in graph}
    copies, tensors, ports = [], [], []
    for port in graph.outputs:
        writer = graph.producer(roots[port.tensor])
        if writer is not None and order[writer.name] < last:
            copy, tensor = copy_of(graph.tensors[port.tensor], f"copy_{port.tensor}", names)
            copies.append(copy)
            tensors.append(tensor)
            port = replace(port, tensor=tensor.name)
        ports.append(port)
    if not copies:
        return graph
    return graph.with_changes(operators=[*graph.operators, *copies], new_tensors=tensors, outputs=ports)
