"""A concatenation of many tensors becomes concatenations of a few: kernels take each input as an argument."""

from __future__ import annotations

from dataclasses import replace

from mcugen.graph.graph import Graph
from mcugen.graph.ops import Concatenation
from mcugen.passes.editor import Editor

_MOST = 8


def split_concatenation(graph: Graph) -> Graph:
    editor = Editor(graph)
    for op in graph.operators:
        if isinstance(op, Concatenation) and len(op.inputs) > _MOST:
            _split(editor, op)
        else:
            editor.keep(op)
    return editor.finish()


def _split(editor: Editor, op: Concatenation) -> None:
    """Groups of neighbours first, as evenly as can be, then the groups; they may be many again."""
    count = -(-len(op.inputs) // _MOST)
    ends = [len(op.inputs) * (i + 1) // count for i in range(count)]
    inputs = [editor.current(name) for name in op.inputs]
    groups = []
    for start, end in zip([0, *ends], ends, strict=False):
        parts = [editor.tensor(name) for name in inputs[start:end]]
        if len(parts) == 1:
            groups.append(parts[0].name)
            continue
        joined = sum(part.shape[op.axis] for part in parts)
        shape = tuple(joined if axis == op.axis else size for axis, size in enumerate(parts[0].shape))
        result = editor.graph.tensor(op.outputs[0])
        name = editor.new_tensor(replace(result, name=f"{op.name}_part", shape=shape))
        editor.add(replace(op, name=name, inputs=tuple(p.name for p in parts), outputs=(name,)))
        groups.append(name)
    editor.add(replace(op, inputs=tuple(groups)))
