"""The same transpose or reshape of the same tensor is done once."""

from __future__ import annotations

from mcugen.graph.graph import Graph
from mcugen.graph.ops import Transpose
from mcugen.passes.editor import Editor
from mcugen.passes.movement import is_movement


def share_movement(graph: Graph) -> Graph:
    editor = Editor(graph)
    done: dict[tuple[object, ...], str] = {}
    for op in graph.operators:
        if not is_movement(op) or editor.is_output(op.outputs[0]):
            editor.keep(op)
            continue
        permutation = op.permutation if isinstance(op, Transpose) else None
        key = (type(op), editor.current(op.inputs[0]), permutation, graph.tensor(op.outputs[0]).shape)
        if key in done:
            editor.rename(op.outputs[0], done[key])
        else:
            done[key] = op.outputs[0]
            editor.keep(op)
    return editor.finish()
