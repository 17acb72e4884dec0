"""Moves transposes and reshapes below single-element operators and means, to where they meet another or the end."""

from __future__ import annotations

from dataclasses import replace

from mcugen.graph.graph import Graph
from mcugen.graph.ops import Operator, Reduction, Reshape, Transpose
from mcugen.passes.editor import Editor
from mcugen.passes.movement import permuted

INNER = "_inner"


def sink_movement(graph: Graph) -> Graph:
    editor = Editor(graph)
    for op in graph.operators:
        before = editor.producers.get(op.inputs[0])
        if op.pointwise and len(op.inputs) == 1 and _moves_down(editor, before):
            assert before is not None
            _below_elementwise(editor, op, before)
        elif isinstance(op, Reduction) and isinstance(before, Transpose):
            _below_reduction(editor, op, before)
        else:
            editor.keep(op)
    return editor.finish()


def _moves_down(editor: Editor, op: Operator | None) -> bool:
    # With several readers the movement would be done once for each of them.
    return isinstance(op, Transpose | Reshape) and editor.used_once(op.outputs[0])


def _below_elementwise(editor: Editor, op: Operator, movement: Operator) -> None:
    """elementwise(move(x)) -> move(elementwise(x))"""
    source = editor.tensor(movement.inputs[0])
    result = editor.graph.tensor(op.outputs[0])
    inner = editor.new_tensor(replace(result, name=f"{result.name.removesuffix(INNER)}{INNER}", shape=source.shape))
    editor.add(replace(op, inputs=movement.inputs, outputs=(inner,)))
    name = editor.unique(f"{movement.name}_sunk")
    editor.add(replace(movement, name=name, inputs=(inner,), outputs=op.outputs))


def _below_reduction(editor: Editor, op: Reduction, movement: Transpose) -> None:
    """mean(transpose(x)) -> transpose(mean(x)) over the same axes of x."""
    source = editor.tensor(movement.inputs[0])
    result = editor.graph.tensor(op.outputs[0])
    axes = tuple(sorted(movement.permutation[axis] for axis in op.axes))
    if len(result.shape) == len(source.shape):
        permutation = movement.permutation
        shape = tuple(1 if axis in axes else size for axis, size in enumerate(source.shape))
    else:
        kept = [axis for axis in range(len(source.shape)) if axis not in axes]
        permutation = tuple(kept.index(axis) for axis in movement.permutation if axis in kept)
        shape = tuple(source.shape[axis] for axis in kept)
    assert permuted(shape, permutation) == result.shape
    inner = editor.new_tensor(replace(result, name=f"{result.name.removesuffix(INNER)}{INNER}", shape=shape))
    editor.add(replace(op, inputs=movement.inputs, outputs=(inner,), axes=axes))
    name = editor.unique(f"{movement.name}_sunk")
    editor.add(replace(movement, name=name, inputs=(inner,), outputs=op.outputs, permutation=permutation))
