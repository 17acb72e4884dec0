"""A transpose before the right side of a product of two activations becomes the product's own, where that saves moves.

A product can read its right matrix by rows or by columns. So of the two forms, with the last two axes exchanged by the
transpose or by the product, the one is taken whose transpose vanishes, or else moves whole rows.
"""

from __future__ import annotations

from dataclasses import replace

from mcugen.graph.graph import Graph
from mcugen.graph.ops import BatchMatMul, Transpose
from mcugen.passes.editor import Editor


def fold_into_matmul(graph: Graph) -> Graph:
    editor = Editor(graph)
    for op in graph.operators:
        before = editor.producers.get(op.inputs[1]) if isinstance(op, BatchMatMul) else None
        if not isinstance(op, BatchMatMul) or not isinstance(before, Transpose) or not _better(before.permutation):
            editor.keep(op)
            continue
        *leading, row, column = before.permutation
        permutation = (*leading, column, row)
        source, old = graph.tensor(before.inputs[0]), graph.tensor(before.outputs[0])
        right = before.inputs[0]
        if permutation != tuple(range(len(permutation))):
            shape = tuple(source.shape[axis] for axis in permutation)
            right = editor.new_tensor(replace(old, name=f"{old.name}_rows", shape=shape))
            editor.add(
                Transpose(
                    name=right, inputs=before.inputs, outputs=(right,), origin=before.origin, permutation=permutation
                )
            )
        editor.add(replace(op, inputs=(op.inputs[0], right), transposed=not op.transposed))
    return editor.finish()


def _better(permutation: tuple[int, ...]) -> bool:
    """The last axis does not stay last, but does when the last two are exchanged."""
    return permutation[-2] == len(permutation) - 1
