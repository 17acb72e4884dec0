"""Transposes that leave the data order as it is (they only move axes of size 1) become reshapes, which cost nothing."""

from __future__ import annotations

from mcugen.graph.graph import Graph
from mcugen.graph.ops import Reshape, Transpose
from mcugen.passes.editor import Editor
from mcugen.passes.movement import keeps_order


def free_transposes(graph: Graph) -> Graph:
    """Comes last: a reshape no longer says which axis is which, and the layout passes need to know."""
    editor = Editor(graph)
    for op in graph.operators:
        if isinstance(op, Transpose) and keeps_order(graph.tensor(op.inputs[0]).shape, op.permutation):
            editor.add(Reshape(name=op.name, inputs=op.inputs, outputs=op.outputs, origin=op.origin))
        else:
            editor.keep(op)
    return editor.finish()
