"""States of a graph as variables of a LiteRT file: set once in a subgraph, read first, assigned at the end."""

from __future__ import annotations

from collections.abc import Sequence

from mcugen.graph.graph import Graph, State
from mcugen.litert.builder import ModelBuilder
from mcugen.litert.schema import schema


def read_variables(b: ModelBuilder, graph: Graph, states: Sequence[State]) -> list[int]:
    """Appends CALL_ONCE, whose subgraph sets the variables to their initial values, and what reads each of them.

    Returns:
        The handles, one for each state.
    """
    if not states:
        return []
    with b.another_subgraph("initialization") as index:
        for state in states:
            tensor = graph.tensor(state.tensor)
            value = b.constant(state.initial, tensor.dtype, tensor.quantization)
            b.operator("ASSIGN_VARIABLE", [b.handle(state.name), value], [], schema().AssignVariableOptionsT())
    options = schema().CallOnceOptionsT()
    options.initSubgraphIndex = index
    b.operator("CALL_ONCE", [], [], options)
    handles = [b.handle(state.name) for state in states]
    for handle, state in zip(handles, states, strict=True):
        read = b.tensor(graph.tensor(state.tensor))
        b.operator("READ_VARIABLE", [handle], [read], schema().ReadVariableOptionsT())
    return handles


def assign_variables(b: ModelBuilder, graph: Graph, states: Sequence[State], handles: Sequence[int]) -> None:
    """Appends what keeps each state's result for the next inference."""
    for handle, state in zip(handles, states, strict=True):
        left = b.tensor(graph.tensor(state.result))
        b.operator("ASSIGN_VARIABLE", [handle, left], [], schema().AssignVariableOptionsT())
