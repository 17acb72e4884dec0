"""Folds a Pad of height and width into the convolution that reads it: both fill with the input's zero point."""

from __future__ import annotations

from dataclasses import replace

from mcugen.graph.graph import Graph
from mcugen.graph.ops import Conv2d, DepthwiseConv2d, Pad, Reshape
from mcugen.passes.editor import Editor


def fold_padding(graph: Graph) -> Graph:
    editor = Editor(graph)
    for op in graph.operators:
        if not (isinstance(op, Conv2d | DepthwiseConv2d) and _fold(editor, op)):
            editor.keep(op)
    return editor.finish()


def _fold(editor: Editor, op: Conv2d | DepthwiseConv2d) -> bool:
    """Whether what pads the input of `op` went into it; between the two there may be a reshape that puts axes of size 1
    in front, as signals of one dimension have it."""
    graph, before = editor.graph, editor.producers.get(op.inputs[0])
    shape = graph.tensor(op.inputs[0]).shape
    pad = editor.producers.get(before.inputs[0]) if isinstance(before, Reshape) else before
    if not isinstance(pad, Pad) or not _has_real_zeros(graph, pad):
        return False
    added = len(shape) - len(pad.padding)
    if added < 0 or shape != (1,) * added + graph.tensor(pad.outputs[0]).shape:
        return False
    around = ((0, 0),) * added + pad.padding
    if any(around[0] + around[3]):
        return False
    (top, bottom), (left, right) = around[1:3]
    own = op.padding
    padding = (own[0] + top, own[1] + left, own[2] + bottom, own[3] + right)
    source = _with_unit_axes(editor, pad, added) if added else pad.inputs[0]
    editor.add(replace(op, inputs=(source, *op.inputs[1:]), padding=padding))
    return True


def _with_unit_axes(editor: Editor, pad: Pad, added: int) -> str:
    """The input of `pad` with `added` axes of size 1 in front."""
    unpadded = editor.tensor(pad.inputs[0])
    name = editor.new_tensor(
        replace(unpadded, name=f"{unpadded.name}_unpadded", shape=(1,) * added + unpadded.shape, data=None)
    )
    editor.add(Reshape(name=name, inputs=pad.inputs, outputs=(name,), origin=pad.origin))
    return name


def _has_real_zeros(graph: Graph, pad: Pad) -> bool:
    x = graph.tensor(pad.inputs[0])
    return x.quantization is not None and pad.value in (None, x.zero_point)
