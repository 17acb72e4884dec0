"""Makes a table of a gather from a constant vector whose places are a function of one int8 tensor.

LiteRT has no operator for any function of an element; files spell it as CAST to int32, ADD and GATHER.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import numpy as np

from mcugen.graph.graph import Graph
from mcugen.graph.ops import Gather, Integer, Operator, Table
from mcugen.graph.ops.elementwise.table import ELEMENTS
from mcugen.graph.tensor import IntArray
from mcugen.passes.editor import Editor


def fold_lookup(graph: Graph) -> Graph:
    editor = Editor(graph)
    for op in graph.operators:
        if not isinstance(op, Gather):
            continue
        chain = list(_functions(editor, op))
        values = _values(graph, op, chain)
        if values is None:
            continue
        table = Table(name=op.name, inputs=chain[-1].inputs, outputs=op.outputs, origin=op.origin, values=values)
        # One for each run keeps producers and readers as they were looked up.
        for other in graph.operators:
            if other is op:
                editor.add(table)
            elif all(other is not part for part in chain):
                editor.keep(other)
        return editor.finish()
    return graph


def _functions(editor: Editor, op: Operator) -> Iterator[Operator]:
    """What makes the places, the last first, as far as each has one input and one reader."""
    place = op.inputs[0]
    while editor.used_once(place) and (before := editor.producers.get(place)) is not None:
        given = [t for t in editor.graph.input_tensors(before) if not t.is_constant]
        scalars = all(t.elements == 1 for t in editor.graph.input_tensors(before) if t.is_constant)
        if not isinstance(before, Table | Integer) or len(given) != 1 or not scalars:
            return
        if given[0].shape != editor.graph.tensor(place).shape:
            return
        yield before
        place = given[0].name


def _values(graph: Graph, op: Gather, chain: list[Operator]) -> tuple[int, ...] | None:
    """The results for all 256 int8; None where that is no table."""
    ids, data = graph.input_tensors(op)
    out = graph.tensor(op.outputs[0])
    if not chain or not isinstance(chain[-1], Table) or data.data is None or len(data.shape) != 1:
        return None
    if out.dtype != "int8" or out.quantization is None or graph.tensor(chain[-1].inputs[0]).dtype != "int8":
        return None
    places: IntArray = ELEMENTS
    for part in reversed(chain):
        tensors = [t if t.is_constant else replace(t, shape=(256,)) for t in graph.input_tensors(part)]
        arrays = [places if t.data is None else t.data.reshape(-1) for t in tensors]
        (places,) = part.reference(arrays, tensors, [replace(graph.tensor(part.outputs[0]), shape=(256,))])
    if ids.dtype == "bool" or places.min() < 0 or places.max() >= data.shape[0]:
        return None
    return tuple(int(v) for v in np.take(data.data, places))
