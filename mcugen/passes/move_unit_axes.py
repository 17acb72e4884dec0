"""Lets reshapes that only add or drop axes of size 1 change places with transposes.

Such a reshape between a transpose and the operators that could absorb it hides the one from the others:

* behind a layout-bound operator, transpose, reshape becomes reshape, transpose;
* before a layout-bound operator, reshape, transpose becomes transpose, reshape.

The two rules look at different places, so that neither undoes the other.
"""

from __future__ import annotations

from dataclasses import replace

from mcugen.graph.graph import Graph
from mcugen.graph.ops import Operator, Reshape, Transpose
from mcugen.passes.editor import Editor
from mcugen.passes.movement import Permutation, is_agnostic, is_movement, permuted

Shape = tuple[int, ...]


def move_unit_axes(graph: Graph) -> Graph:
    editor = Editor(graph)
    for op in graph.operators:
        before = editor.producers.get(op.inputs[0])
        if isinstance(op, Reshape) and isinstance(before, Transpose) and _behind(editor, before, op):
            _reshape_first(editor, before, op)
        elif isinstance(op, Transpose) and isinstance(before, Reshape) and _ahead(editor, before, op):
            _transpose_first(editor, before, op)
        else:
            editor.keep(op)
    return editor.finish()


def _large(shape: Shape) -> list[int]:
    """The axes that are not of size 1."""
    return [axis for axis, size in enumerate(shape) if size != 1]


def _only_units(editor: Editor, op: Reshape) -> bool:
    before, after = (editor.graph.tensor(name).shape for name in (op.inputs[0], op.outputs[0]))
    return [before[a] for a in _large(before)] == [after[a] for a in _large(after)]


def _is_bound(graph: Graph, op: Operator) -> bool:
    """True for operators that need one axis order."""
    return not is_movement(op) and not is_agnostic(graph, op)


def _behind(editor: Editor, transpose: Transpose, reshape: Reshape) -> bool:
    maker = editor.producers.get(transpose.inputs[0])
    result = reshape.outputs[0]
    absorbed = editor.is_output(result) or any(is_agnostic(editor.graph, op) for op in editor.graph.consumers(result))
    bound = maker is not None and _is_bound(editor.graph, maker)
    return bound and absorbed and editor.used_once(reshape.inputs[0]) and _only_units(editor, reshape)


def _ahead(editor: Editor, reshape: Reshape, transpose: Transpose) -> bool:
    graph, source = editor.graph, reshape.inputs[0]
    maker = editor.producers.get(source)
    absorbed = maker is None or is_agnostic(graph, maker)
    readers = graph.consumers(transpose.outputs[0])
    bound = bool(readers) and all(_is_bound(graph, op) for op in readers)
    return bound and absorbed and editor.used_once(reshape.outputs[0]) and _only_units(editor, reshape)


def _reshape_first(editor: Editor, transpose: Transpose, reshape: Reshape) -> None:
    """reshape(transpose(x)) -> transpose(reshape(x)); added axes come first in the new order of x."""
    graph = editor.graph
    source, result = graph.tensor(transpose.inputs[0]), graph.tensor(reshape.outputs[0])
    # Axis of the result -> axis of x, for those with data.
    middle = _large(permuted(source.shape, transpose.permutation))
    origin = {axis: transpose.permutation[m] for axis, m in zip(_large(result.shape), middle, strict=True)}
    order = sorted(range(len(result.shape)), key=lambda axis: (axis in origin, origin.get(axis, axis)))
    shape = tuple(result.shape[axis] for axis in order)
    permutation: Permutation = tuple(order.index(axis) for axis in range(len(order)))
    inner = editor.new_tensor(replace(result, name=f"{result.name}_unit_axes", shape=shape))
    editor.add(Reshape(name=inner, inputs=transpose.inputs, outputs=(inner,), origin=reshape.origin))
    name = editor.unique(f"{transpose.name}_moved")
    editor.add(replace(transpose, name=name, inputs=(inner,), outputs=reshape.outputs, permutation=permutation))


def _transpose_first(editor: Editor, reshape: Reshape, transpose: Transpose) -> None:
    """transpose(reshape(x)) -> reshape(transpose(x)); axes of x of size 1 come first."""
    graph = editor.graph
    source, result = graph.tensor(reshape.inputs[0]), graph.tensor(transpose.outputs[0])
    middle = graph.tensor(reshape.outputs[0]).shape
    origin = dict(zip(_large(middle), _large(source.shape), strict=True))
    units = [axis for axis, size in enumerate(source.shape) if size == 1]
    permutation = (*units, *(origin[axis] for axis in transpose.permutation if middle[axis] != 1))
    inner = editor.new_tensor(
        replace(source, name=f"{result.name}_unit_axes", shape=permuted(source.shape, permutation))
    )
    name = editor.unique(f"{transpose.name}_moved")
    editor.add(replace(transpose, name=name, inputs=reshape.inputs, outputs=(inner,), permutation=permutation))
    editor.add(Reshape(name=editor.unique(f"{reshape.name}_moved"), inputs=(inner,), outputs=transpose.outputs))
