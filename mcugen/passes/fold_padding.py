"""Folds a Pad of height and width into the convolution that reads it: both fill with the input's zero point."""

from __future__ import annotations

from dataclasses import replace

from mcugen.graph.graph import Graph
from mcugen.graph.ops import Conv2d, DepthwiseConv2d, Pad
from mcugen.passes.editor import Editor


def fold_padding(graph: Graph) -> Graph:
    editor = Editor(graph)
    for op in graph.operators:
        before = editor.producers.get(op.inputs[0])
        if isinstance(op, Conv2d | DepthwiseConv2d) and isinstance(before, Pad) and _is_spatial(graph, before):
            (top, bottom), (left, right) = before.padding[1:3]
            own = op.padding
            padding = (own[0] + top, own[1] + left, own[2] + bottom, own[3] + right)
            editor.add(replace(op, inputs=(before.inputs[0], *op.inputs[1:]), padding=padding))
        else:
            editor.keep(op)
    return editor.finish()


def _is_spatial(graph: Graph, pad: Pad) -> bool:
    """Real zeros around height and width."""
    zero = pad.value in (None, graph.tensor(pad.inputs[0]).zero_point)
    return zero and len(pad.padding) == 4 and not any(pad.padding[0] + pad.padding[3])
