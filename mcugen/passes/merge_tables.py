"""Makes one table of functions of one tensor that follow each other."""

from __future__ import annotations

from dataclasses import replace

from mcugen.graph.graph import Graph
from mcugen.graph.ops import Clamp, Operator, Requantize, Table
from mcugen.graph.ops.elementwise.table import ELEMENTS
from mcugen.graph.tensor import IntArray
from mcugen.passes.editor import Editor


def merge_tables(graph: Graph) -> Graph:
    editor = Editor(graph)
    for op in graph.operators:
        before = editor.producers.get(op.inputs[0])
        if before is None or not _mergeable(editor, before, op):
            continue
        values = _values(graph, op, _values(graph, before, ELEMENTS))
        table = Table(
            name=op.name,
            inputs=before.inputs,
            outputs=op.outputs,
            origin=op.origin,
            values=tuple(int(v) for v in values),
        )
        # One merge for each run keeps producers and readers as they were looked up.
        return _rewritten(editor, before, op, table)
    return graph


def _mergeable(editor: Editor, before: Operator, op: Operator) -> bool:
    functions = isinstance(before, Table | Requantize | Clamp) and isinstance(op, Table | Requantize | Clamp)
    # A table has an entry for each int8.
    if not functions or any(editor.graph.tensor(name).dtype == "int16" for name in before.inputs + before.outputs):
        return False
    return (isinstance(before, Table) or isinstance(op, Table)) and editor.used_once(op.inputs[0])


def _values(graph: Graph, op: Operator, elements: IntArray) -> IntArray:
    """The operator at 256 inputs."""
    source, result = (replace(graph.tensor(name), shape=(256,)) for name in (op.inputs[0], op.outputs[0]))
    (values,) = op.reference([elements], [source], [result])
    return values


def _rewritten(editor: Editor, before: Operator, op: Operator, table: Operator) -> Graph:
    for other in editor.graph.operators:
        if other is op:
            editor.add(table)
        elif other is not before:
            editor.keep(other)
    return editor.finish()
