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
    functions = _is_function(editor.graph, before) and _is_function(editor.graph, op)
    return functions and (isinstance(before, Table) or isinstance(op, Table)) and editor.used_once(op.inputs[0])


def _is_function(graph: Graph, op: Operator) -> bool:
    """Of the 256 int8, to one byte each, as a table has them."""
    narrow = all(t.dtype in ("int8", "bool") for t in (*graph.input_tensors(op), *graph.output_tensors(op)))
    return narrow and isinstance(op, Table | Requantize | Clamp)


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
