"""Outputs without the softmax at their end, for who wants the class alone."""

from __future__ import annotations

from dataclasses import replace

from mcugen.graph.graph import Fidelity, Graph, Port
from mcugen.graph.ops import LogSoftmax, Operator, Softmax

SUFFIX = "_logits"
"""Added to the name of an output that is no longer the model's own."""


def drop_final_softmax(graph: Graph) -> Graph:
    """The graph with the scores before the softmax where an output is one, in the same order and layout.

    A softmax keeps the order of scores, so that the highest of them is that of the probabilities. How near the other
    outputs are to the float program is still known; of these it is not.

    Raises:
        ValueError: no output ends in a softmax.
    """
    producers = {name: op for op in graph.operators for name in op.outputs}
    ends = {port.name: op for port in graph.outputs if (op := _softmax(producers.get(port.tensor))) is not None}
    if not ends:
        raise ValueError("no output ends in a softmax")
    outputs = [_before(port, ends.get(port.name)) for port in graph.outputs]
    read = {name for op in graph.operators for name in op.inputs} | {port.tensor for port in outputs}
    read |= {state.result for state in graph.states}
    dropped = [op for op in ends.values() if not read.intersection(op.outputs)]
    changed = replace(graph, fidelity=_known(graph.fidelity, set(ends)))
    return changed.with_changes(operators=(op for op in graph.operators if op not in dropped), outputs=outputs)


def _softmax(op: Operator | None) -> Operator | None:
    return op if isinstance(op, (Softmax, LogSoftmax)) else None


def _before(port: Port, op: Operator | None) -> Port:
    return port if op is None else replace(port, tensor=op.inputs[0], name=f"{port.name}{SUFFIX}", logits=True)


def _known(fidelity: Fidelity | None, dropped: set[str]) -> Fidelity | None:
    if fidelity is None:
        return None
    left = {name: value for name, value in fidelity.sqnr_db.items() if name not in dropped}
    return replace(fidelity, sqnr_db=left) if left or fidelity.differing else None
