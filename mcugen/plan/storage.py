"""Which memory holds each activation tensor: the caller's inputs and outputs, the states', or a buffer of the arena.

Tensors that an alias step (reshape) joins are one buffer. Graph inputs and outputs stay in the caller's memory: an
input is never written, an output may be read again by later steps. A state is written once, when everybody has read it.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace

from mcugen.graph.graph import Graph, Port
from mcugen.graph.ops.base import Operator
from mcugen.graph.ops.movement.copy import Copy
from mcugen.graph.tensor import Tensor


def is_border(buffer: str) -> bool:
    """True for memory outside the arena: the caller's ("input:0", "output:1") and that of states ("state:0")."""
    return buffer.startswith(("input:", "output:")) or is_state(buffer)


def is_state(buffer: str) -> bool:
    return buffer.startswith("state:")


def separate_borders(graph: Graph, aliases: Iterable[Operator]) -> Graph:
    """The graph with a copy step before each output that would otherwise be a constant, or the memory of an input or
    another output.

    Args:
        aliases: the operators that move no data.
    """
    aliases = list(aliases)
    roots = roots_of(graph, aliases)
    taken = {roots[p.tensor] for p in graph.inputs} | {roots[s.tensor] for s in graph.states}
    operators, tensors, ports = list(graph.operators), [], []
    names = set(graph.tensors) | {op.name for op in operators}
    for port in graph.outputs:
        root = roots[port.tensor]
        if root in taken or graph.tensors[root].is_constant:
            copy, tensor = copy_of(graph.tensors[port.tensor], f"copy_{port.tensor}", names)
            operators.append(copy)
            tensors.append(tensor)
            port = replace(port, tensor=tensor.name)
        taken.add(root)
        ports.append(port)
    if not tensors:
        return graph
    return graph.with_changes(operators=operators, new_tensors=tensors, outputs=ports)


def assign_storage(graph: Graph, aliases: Iterable[Operator]) -> dict[str, str]:
    """The buffer of each activation tensor: "input:<i>", "output:<i>", "state:<i>", or the name of the tensor that
    an alias group starts with. Needs a graph with separated borders and states."""
    roots = roots_of(graph, aliases)
    border = {roots[p.tensor]: f"input:{i}" for i, p in enumerate(graph.inputs)}
    border |= {roots[p.tensor]: f"output:{i}" for i, p in enumerate(graph.outputs)}
    for i, state in enumerate(graph.states):
        border |= {roots[state.tensor]: f"state:{i}", roots[state.result]: f"state:{i}"}
    return {name: border.get(roots[name], roots[name]) for name, t in graph.tensors.items() if not t.is_constant}


def roots_of(graph: Graph, aliases: Iterable[Operator]) -> dict[str, str]:
    """For each tensor the first one of its alias group."""
    roots = {name: name for name in graph.tensors}
    for op in aliases:
        for name in op.outputs:
            roots[name] = roots[op.inputs[0]]
    return roots


def separate_states(graph: Graph, aliases: Iterable[Operator]) -> Graph:
    """The graph with a copy into its memory for each state that changes, behind everything else.

    What comes from another state is copied to the arena first: the states may change places.
    """
    roots = roots_of(graph, aliases)
    held = {roots[s.tensor] for s in graph.states}
    names = set(graph.tensors) | {op.name for op in graph.operators}
    first: list[Operator] = []
    then: list[Operator] = []
    tensors, states = [], []
    for state in graph.states:
        source = graph.tensors[state.result]
        if roots[state.result] != roots[state.tensor]:
            if roots[state.result] in held:
                copy, source = copy_of(source, f"copy_{source.name}", names)
                first.append(copy)
                tensors.append(source)
            copy, result = copy_of(source, f"keep_{state.name}", names)
            then.append(copy)
            tensors.append(result)
            state = replace(state, result=result.name)
        states.append(state)
    if not tensors:
        return graph
    return graph.with_changes(operators=[*graph.operators, *first, *then], new_tensors=tensors, states=states)


def copy_of(source: Tensor, operator: str, names: set[str]) -> tuple[Operator, Tensor]:
    """An operator that copies a tensor, and what it writes; `names` are taken, and get the new ones."""
    name = _unique(f"{source.name}_copy", names)
    tensor = Tensor(name, source.shape, source.dtype, source.quantization)
    return Copy(name=_unique(operator, names), inputs=(source.name,), outputs=(name,)), tensor


def _unique(name: str, names: set[str]) -> str:
    candidate, number = name, 1
    while candidate in names:
        candidate, number = f"{name}_{number}", number + 1
    names.add(candidate)
    return candidate


def _where(graph: Graph, port: Port) -> str:
    producer = graph.producer(port.tensor)
    return str(producer.origin) if producer is not None else f"output {port.name!r}"


def tensor_of_buffer(graph: Graph, storage: Mapping[str, str], buffer: str) -> Tensor | None:
    """The first tensor that a buffer holds; None for scratch."""
    return next((graph.tensors[t] for t, b in storage.items() if b == buffer), None)
