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
    first: dict[tuple[object, ...], str] = {}
    joined: dict[str, RecurrentLayer] = {}
    dropped: dict[str, dict[str, str]] = {}
    for op in graph.operators:
        if not isinstance(op, RecurrentLayer):
            continue
        one = joined.setdefault(first.setdefault(_key(graph, op), op.name), op)
        if one is op:
            continue
        known, given = dict(zip(one.results, one.outputs, strict=True)), dict(zip(op.results, op.outputs, strict=True))
        twice = {given[result]: known[result] for result in given if result in known}
        if any(not _same(editor, mine, theirs) for mine, theirs in twice.items()):
            continue
        outputs = given | known
        results = tuple(result for result in RESULTS if result in outputs)
        joined[one.name] = replace(one, results=results, outputs=tuple(outputs[result] for result in results))
        dropped[op.name] = twice
    if not dropped:
        return graph
    for op in graph.operators:
        if op.name in dropped:
            for mine, theirs in dropped[op.name].items():
                editor.rename(mine, theirs)
        else:
            editor.add(joined.get(op.name, op))
    return editor.finish()


def _same(editor: Editor, mine: str, theirs: str) -> bool:
    """Whether one tensor can stand for both; an output port needs one of its own."""
    alike = editor.tensor(mine).quantization == editor.tensor(theirs).quantization
    return alike and not (editor.is_output(mine) and editor.is_output(theirs))


def _key(graph: Graph, op: RecurrentLayer) -> tuple[object, ...]:
    """Equal for operators with the same operands and attributes."""
    attributes = tuple(getattr(op, f.name) for f in fields(op) if f.name not in _OWN)
    return (type(op), *attributes, *(_operand(graph.tensor(name)) for name in op.inputs))


def _operand(tensor: Tensor) -> object:
    if tensor.data is None:
        return tensor.name
    return tensor.dtype, tensor.shape, tensor.quantization, tensor.data.tobytes()
