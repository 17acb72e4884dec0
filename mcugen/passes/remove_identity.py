"""Drops operators that change nothing: reshape to the same shape, requantize to the same quantization, and the like."""

from __future__ import annotations

from mcugen.graph.graph import Graph
from mcugen.graph.ops import Clamp, Concatenation, Operator, Pad, Requantize, Reshape, Table, Take, Transpose
from mcugen.graph.tensor import Tensor
from mcugen.passes.editor import Editor


def _is_identity(op: Operator, source: Tensor, result: Tensor) -> bool:
    if isinstance(op, Reshape):
        return source.shape == result.shape
    if isinstance(op, Transpose):
        return op.permutation == tuple(range(len(op.permutation)))
    if isinstance(op, Take):
        return all(taken == tuple(range(n)) for taken, n in zip(op.indices, source.shape, strict=True))
    if isinstance(op, Clamp | Requantize):
        same = (source.dtype, source.quantization) == (result.dtype, result.quantization)
        return same and op.clamp == result.integer_range
    if isinstance(op, Table):
        return source.quantization == result.quantization and op.values == tuple(range(-128, 128))
    if isinstance(op, Pad):
        return not any(before or after for before, after in op.padding)
    return isinstance(op, Concatenation) and len(op.inputs) == 1


def remove_identity(graph: Graph) -> Graph:
    editor = Editor(graph)
    borders = {port.tensor for port in (*graph.inputs, *graph.outputs)}
    for op in graph.operators:
        source, result = editor.current(op.inputs[0]), op.outputs[0]
        # An output port needs a tensor of its own: it may be neither an input, a constant, nor another output.
        own = not editor.is_output(result) or not (source in borders or graph.tensor(source).is_constant)
        if own and _is_identity(op, editor.tensor(source), graph.tensor(result)):
            editor.rename(result, source)
            if editor.is_output(result):
                borders.add(source)
        else:
            editor.keep(op)
    return editor.finish()
