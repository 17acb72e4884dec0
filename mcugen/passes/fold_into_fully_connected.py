"""Transposes around a fully-connected layer of one row move into its weights: columns before it, rows behind it."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from mcugen.graph.graph import Graph
from mcugen.graph.ops import FullyConnected, Operator, Reshape, Transpose
from mcugen.graph.tensor import IntArray, Quantization, Tensor
from mcugen.passes.editor import Editor
from mcugen.passes.movement import Index, chain_root, index_map, is_movement


def fold_into_fully_connected(graph: Graph) -> Graph:
    editor = Editor(graph)
    behind = _chains_behind(graph, editor)
    for op in graph.operators:
        if isinstance(op, FullyConnected) and _fold_before(editor, op):
            continue
        if op.name in behind:
            _fold_behind(editor, behind[op.name])
        elif not any(op in chain for chain in behind.values()):
            editor.keep(op)
    return editor.finish()


def _fold_before(editor: Editor, op: FullyConnected) -> bool:
    """fc(W, move(x)) -> fc(W with permuted columns, reshape(x))"""
    graph = editor.graph
    root, chain = chain_root(graph, editor.producers, op.inputs[0])
    x, weights = graph.tensor(op.inputs[0]), graph.tensor(op.inputs[1])
    if x.elements != x.shape[-1] or weights.data is None or not any(isinstance(o, Transpose) for o in chain):
        return False
    columns: IntArray = np.empty_like(weights.data)
    columns[:, index_map(graph, root, chain)] = weights.data
    packed = editor.new_tensor(replace(weights, name=f"{weights.name}_permuted", data=columns))
    flat = root
    if graph.tensor(root).shape != x.shape:
        flat = editor.new_tensor(replace(x, name=f"{x.name}_flat"))
        editor.add(Reshape(name=flat, inputs=(root,), outputs=(flat,), origin=op.origin))
    editor.add(replace(op, inputs=(flat, packed, *op.inputs[2:])))
    return True


def _chains_behind(graph: Graph, editor: Editor) -> dict[str, list[Operator]]:
    """For fully-connected layers that only a chain with a transpose reads: the chain, longest first."""
    found: dict[str, list[Operator]] = {}
    for op in graph.operators:
        if not isinstance(op, FullyConnected):
            continue
        out = graph.tensor(op.outputs[0])
        before = chain_root(graph, editor.producers, op.inputs[0])[1]
        if out.elements != out.shape[-1] or any(isinstance(o, Transpose) for o in before):
            continue
        chain, tensor = [], op.outputs[0]
        while editor.used_once(tensor) and not editor.is_output(tensor):
            (reader,) = graph.consumers(tensor)
            if not is_movement(reader):
                break
            chain.append(reader)
            tensor = reader.outputs[0]
        if any(isinstance(o, Transpose) for o in chain):
            found[op.name] = [op, *chain]
    return found


def _fold_behind(editor: Editor, ops: list[Operator]) -> None:
    """move(fc(W, x)) -> reshape(fc(W with permuted rows, x))"""
    graph, (op, *chain) = editor.graph, ops
    index = index_map(graph, op.outputs[0], chain)
    constants = []
    for name in op.inputs[1:]:
        constants.append(editor.new_tensor(_rows(graph.tensor(name), index)))
    editor.add(replace(op, inputs=(op.inputs[0], *constants)))
    last = chain[-1]
    editor.add(Reshape(name=last.name, inputs=op.outputs, outputs=last.outputs, origin=last.origin))


def _rows(tensor: Tensor, index: Index) -> Tensor:
    """A constant with its output channels (axis 0) reordered, scales included."""
    assert tensor.data is not None and tensor.quantization is not None
    old = tensor.quantization
    quantization = old
    if old.axis is not None:
        quantization = Quantization(
            tuple(old.scales[i] for i in index), tuple(old.zero_points[i] for i in index), old.axis
        )
    data: IntArray = np.ascontiguousarray(tensor.data[index])
    return replace(tensor, name=f"{tensor.name}_permuted", data=data, quantization=quantization)
