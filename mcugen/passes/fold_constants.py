"""Computes operators whose inputs are all constants."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from mcugen.graph.graph import Graph
from mcugen.graph.tensor import DTYPES
from mcugen.passes.editor import Editor


def fold_constants(graph: Graph) -> Graph:
    editor = Editor(graph)
    for op in graph.operators:
        inputs = [editor.tensor(name) for name in op.inputs]
        data = [t.data for t in inputs if t.data is not None]
        if len(data) < len(inputs):
            editor.keep(op)
            continue
        outputs = graph.output_tensors(op)
        for tensor, values in zip(outputs, op.reference(data, inputs, outputs), strict=True):
            array = np.ascontiguousarray(values, dtype=DTYPES[tensor.dtype]).reshape(tensor.shape)
            editor.replace_tensor(replace(tensor, data=array))
    return editor.finish()
