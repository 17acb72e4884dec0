"""Recurrent layers that differ in nothing but the results that they give become one operator with all of these."""

from __future__ import annotations

from dataclasses import fields, replace

from mcugen.graph.graph import Graph
from mcugen.graph.ops.recurrent.layer import RESULTS, RecurrentLayer
from mcugen.graph.tensor import Tensor
from mcugen.passes.editor import Editor

_OWN = {"name", "origin", "inputs", "outputs", "results"}
"""Fields in which two operators of one layer differ."""


def join_results(graph: Graph) -> Graph:
    editor = Editor(graph)
    first: dict[tuple[object, ...], RecurrentLayer] = {}
    joined: dict[str, RecurrentLayer] = {}
    for op in graph.operators:
        if not isinstance(op, RecurrentLayer):
            continue
        key = _key(graph, op)
        one = first.setdefault(key, op)
        if one is op or not set(op.results).isdisjoint(one.results):
            continue
        outputs = dict(zip((*one.results, *op.results), (*one.outputs, *op.outputs), strict=True))
        results = tuple(result for result in RESULTS if result in outputs)
        first[key] = replace(one, results=results, outputs=tuple(outputs[result] for result in results))
        joined[one.name] = first[key]
        joined[op.name] = first[key]
    if not joined:
        return graph
    for op in graph.operators:
        new = joined.get(op.name)
        if new is None:
            editor.keep(op)
        elif new.name == op.name:
            editor.add(new)
    return editor.finish()


def _key(graph: Graph, op: RecurrentLayer) -> tuple[object, ...]:
    """Equal for operators with the same operands and attributes."""
    attributes = tuple(getattr(op, f.name) for f in fields(op) if f.name not in _OWN)
    return (type(op), *attributes, *(_operand(graph.tensor(name)) for name in op.inputs))


def _operand(tensor: Tensor) -> object:
    if tensor.data is None:
        return tensor.name
    return tensor.dtype, tensor.shape, tensor.quantization, tensor.data.tobytes()
