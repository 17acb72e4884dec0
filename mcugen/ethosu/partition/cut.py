"""Cuts operators out of a graph as a network of their own, and puts an operator in their place."""

from __future__ import annotations

from collections.abc import Sequence
from graphlib import TopologicalSorter

from mcugen.graph.graph import Graph, Port
from mcugen.graph.ops.base import Operator
from mcugen.graph.tensor import Tensor


def subnetwork(graph: Graph, operators: Sequence[Operator], name: str) -> Graph:
    """Operators of a graph, in its order, as a graph: what they read of others are its inputs, what others read of them
    its outputs. Ports have the device's layout."""
    written = [t for op in operators for t in op.outputs]
    mine = {op.name for op in operators}
    read = [t for op in operators for t in op.inputs if not graph.tensor(t).is_constant]
    wanted = {t for op in graph if op.name not in mine for t in op.inputs}
    wanted |= {port.tensor for port in graph.outputs} | {state.result for state in graph.states}
    names = {t for op in operators for t in (*op.inputs, *op.outputs)}
    return Graph(
        name,
        {t: graph.tensor(t) for t in names},
        tuple(operators),
        tuple(_port(graph.tensor(t)) for t in dict.fromkeys(read) if t not in written),
        tuple(_port(graph.tensor(t)) for t in written if t in wanted),
    )


def _port(tensor: Tensor) -> Port:
    return Port(tensor.name, tensor.name, tensor.shape, tuple(range(len(tensor.shape))))


def replaced(graph: Graph, replacements: Sequence[tuple[Sequence[Operator], Operator]]) -> Graph:
    """The graph with one operator in the place of several, in an order where everything is written before it is read.

    Args:
        replacements: (operators that go, the one that comes); no operator goes twice.
    """
    new = {op.name: by for group, by in replacements for op in group}
    operators = list(dict.fromkeys(new.get(op.name, op) for op in graph))
    # As early as their operands allow, else in the order of the graph.
    place = {id(op): index for index, op in enumerate(operators)}
    producer = {t: op for op in operators for t in op.outputs}
    sorter: TopologicalSorter[int] = TopologicalSorter(
        {place[id(op)]: {place[id(producer[t])] for t in op.inputs if t in producer} for op in operators}
    )
    sorter.prepare()
    order: list[int] = []
    ready: list[int] = []
    while sorter.is_active():
        ready = sorted([*ready, *sorter.get_ready()])
        following = ready.pop(0)
        order.append(following)
        sorter.done(following)
    return graph.with_changes(operators=[operators[index] for index in order])
