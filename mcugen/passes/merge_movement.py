"""Chains of transposes and reshapes become the least that does the same: nothing, a reshape, or one transpose."""

from __future__ import annotations

from dataclasses import replace
from functools import reduce

import numpy as np

from mcugen.graph.graph import Graph
from mcugen.graph.ops import Operator, Reshape, Transpose
from mcugen.passes.editor import Editor
from mcugen.passes.movement import (
    Index,
    Permutation,
    chain_root,
    compose,
    digits,
    index_map,
    inverse,
    is_movement,
    moved_bytes,
    permuted,
)


def merge_movement(graph: Graph) -> Graph:
    editor = Editor(graph)
    for op in graph.operators:
        if not (is_movement(op) and _merge(editor, op)):
            editor.keep(op)
    return editor.finish()


def _merge(editor: Editor, op: Operator) -> bool:
    """Replaces `op`, seen together with the movement before it; False when that gains nothing."""
    root, chain = chain_root(editor.graph, editor.producers, op.outputs[0])
    if len(chain) == 1:
        return False
    permutations = [o.permutation for o in chain if isinstance(o, Transpose)]
    if len(permutations) == len(chain):
        return _merge_transposes(editor, op, root, permutations)
    index = index_map(editor.graph, root, chain)
    if np.array_equal(index, np.arange(len(index))):
        _replace_by_reshape(editor, op, root)
        return True
    return _merge_mixed(editor, op, root, chain, index)


def _saved_bytes(editor: Editor, op: Operator) -> int:
    """Bytes that are moved no more when `op` reads the chain's root: its own, and of those that only it needs."""
    total = 0
    while is_movement(op):
        if isinstance(op, Transpose):
            total += moved_bytes(editor.graph.tensor(op.inputs[0]), op.permutation)
        before = editor.producers.get(op.inputs[0])
        if before is None or not editor.used_once(op.inputs[0]):
            break
        op = before
    return total


def _merge_transposes(editor: Editor, op: Operator, root: str, permutations: list[Permutation]) -> bool:
    """Transposes only: one that says what happens to each axis, also to those of size 1."""
    permutation = reduce(compose, permutations)
    source = editor.graph.tensor(root)
    if permutation == tuple(range(len(permutation))):
        _replace_by_reshape(editor, op, root)
    elif moved_bytes(source, permutation) > _saved_bytes(editor, op):
        return False
    else:
        editor.add(replace(op, inputs=(root,), permutation=permutation))  # type: ignore[call-arg]
    return True


def _replace_by_reshape(editor: Editor, op: Operator, root: str) -> None:
    result = editor.graph.tensor(op.outputs[0])
    if editor.graph.tensor(root).shape == result.shape and not editor.is_output(result.name):
        editor.rename(result.name, editor.current(root))
    else:
        editor.add(Reshape(name=op.name, inputs=(root,), outputs=op.outputs, origin=op.origin))


def _merge_mixed(editor: Editor, op: Operator, root: str, chain: list[Operator], index: Index) -> bool:
    """One transpose between reshapes, if that is fewer transposes, or as many and fewer operators."""
    source, result = editor.graph.tensor(root), editor.graph.tensor(op.outputs[0])
    transposes = sum(isinstance(o, Transpose) for o in chain)
    loops = digits(index)
    if loops is None:
        return False
    strides = [stride for _, stride in loops]
    order = tuple(sorted(range(len(loops)), key=lambda i: -strides[i]))
    inner = tuple(loops[i][0] for i in order)
    permutation = inverse(order)
    fine = permuted(inner, permutation)
    count = 1 + (source.shape != inner) + (result.shape != fine)
    dearer = moved_bytes(source, permutation, inner) > _saved_bytes(editor, op)
    if dearer or (transposes == 1 and count >= len(chain)):
        return False
    _emit(editor, op, root, inner, permutation, fine)
    return True


def _emit(
    editor: Editor, op: Operator, root: str, inner: tuple[int, ...], permutation: tuple[int, ...], fine: tuple[int, ...]
) -> None:
    """reshape (if needed) -> transpose -> reshape (if needed), ending in the outputs of `op`."""
    result = editor.graph.tensor(op.outputs[0])
    x = root
    if editor.graph.tensor(root).shape != inner:
        x = editor.new_tensor(replace(result, name=f"{result.name}_split", shape=inner))
        editor.add(Reshape(name=x, inputs=(root,), outputs=(x,), origin=op.origin))
    ends = result.shape == fine
    y = result.name if ends else editor.new_tensor(replace(result, name=f"{result.name}_moved", shape=fine))
    name = op.name if ends else y
    editor.add(Transpose(name=name, inputs=(x,), outputs=(y,), origin=op.origin, permutation=permutation))
    if not ends:
        editor.add(Reshape(name=op.name, inputs=(y,), outputs=op.outputs, origin=op.origin))
