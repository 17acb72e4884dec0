"""Which memory holds each activation tensor: the caller's inputs and outputs, or a buffer of the arena.

Tensors that an alias step (reshape) joins are one buffer. Graph inputs and outputs stay in the caller's memory: an
input is never written, an output may be read again by later steps.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace

from mcugen.graph.graph import Graph, Port
from mcugen.graph.ops.base import Operator
from mcugen.graph.ops.movement.copy import Copy
from mcugen.graph.tensor import Tensor


def is_border(buffer: str) -> bool:
    """True for the caller's memory ("input:0", "output:1")."""
    return buffer.startswith(("input:", "output:"))


def separate_borders(graph: Graph, aliases: Iterable[Operator]) -> Graph:
    """The graph with a copy step before each output that would otherwise be a constant, or the memory of an input or
    another output.

    Args:
        aliases: the operators that move no data.
    """
    roots = _roots(graph, aliases)
    taken = {roots[p.tensor] for p in graph.inputs}
    operators, tensors, ports = list(graph.operators), [], []
    names = set(graph.tensors) | {op.name for op in operators}
    for port in graph.outputs:
        root = roots[port.tensor]
        if root in taken or graph.tensors[root].is_constant:
            copy, tensor = _copy(graph.tensors[port.tensor], port, names)
            operators.append(copy)
            tensors.append(tensor)
            port = replace(port, tensor=tensor.name)
        taken.add(root)
        ports.append(port)
    if not tensors:
        return graph
    return graph.with_changes(operators=operators, new_tensors=tensors, outputs=ports)


def assign_storage(graph: Graph, aliases: Iterable[Operator]) -> dict[str, str]:
    """The buffer of each activation tensor: "input:<i>", "output:<i>", or the name of the tensor that an alias group
    starts with. Needs a graph with separated borders."""
    roots = _roots(graph, aliases)
    border = {roots[p.tensor]: f"input:{i}" for i, p in enumerate(graph.inputs)}
    border |= {roots[p.tensor]: f"output:{i}" for i, p in enumerate(graph.outputs)}
    return {name: border.get(roots[name], roots[name]) for name, t in graph.tensors.items() if not t.is_constant}


def _roots(graph: Graph, aliases: Iterable[Operator]) -> dict[str, str]:
    """For each tensor the first one of its alias group."""
    roots = {name: name for name in graph.tensors}
    for op in aliases:
        for name in op.outputs:
            roots[name] = roots[op.inputs[0]]
    return roots


def _copy(source: Tensor, port: Port, names: set[str]) -> tuple[Operator, Tensor]:
    name = _unique(f"{port.tensor}_copy", names)
    tensor = Tensor(name, source.shape, source.dtype, source.quantization)
    operator = _unique(f"copy_{port.tensor}", names)
    return Copy(name=operator, inputs=(source.name,), outputs=(name,)), tensor


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
