"""Makes one of two takes that follow each other."""

from __future__ import annotations

from dataclasses import replace

from mcugen.graph.graph import Graph
from mcugen.graph.ops import Take
from mcugen.passes.editor import Editor


def merge_takes(graph: Graph) -> Graph:
    editor = Editor(graph)
    merged: dict[str, Take] = {}  # by what each makes
    for op in graph.operators:
        if not isinstance(op, Take):
            editor.keep(op)
            continue
        before = merged.get(op.inputs[0]) or editor.producers.get(op.inputs[0])
        if isinstance(before, Take) and editor.used_once(op.inputs[0]):
            pairs = zip(before.indices, op.indices, strict=True)
            indices = tuple(tuple(first[i] for i in second) for first, second in pairs)
            op = replace(op, inputs=before.inputs, indices=indices)
            editor.add(op)
        else:
            editor.keep(op)
        merged[op.outputs[0]] = op
    return editor.finish()
