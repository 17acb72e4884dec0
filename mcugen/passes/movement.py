"""What the passes know about operators that only move data: Transpose, Reshape, and chains of them."""

from __future__ import annotations

import math

import numpy as np
import numpy.typing as npt

from mcugen.graph.graph import Graph
from mcugen.graph.ops import Concatenation, Operator, Pad, Reshape, Take, Transpose
from mcugen.graph.tensor import Tensor

Index = npt.NDArray[np.intp]
Permutation = tuple[int, ...]


def is_movement(op: Operator | None) -> bool:
    return isinstance(op, Reshape | Transpose)


def is_agnostic(graph: Graph, op: Operator) -> bool:
    """True for operators that work in any common axis order of their tensors."""
    result = graph.tensor(op.outputs[0])
    if isinstance(op, Reshape):  # a copy between a model's input and its output
        return graph.tensor(op.inputs[0]).shape == result.shape
    rank = len(result.shape)
    known = op.pointwise or isinstance(op, Concatenation | Pad | Take)
    return known and all(len(t.shape) == rank for t in graph.input_tensors(op))


def inverse(permutation: Permutation) -> Permutation:
    return tuple(sorted(range(len(permutation)), key=permutation.__getitem__))


def compose(first: Permutation, second: Permutation) -> Permutation:
    """The one transpose that equals transposing by `first`, then by `second`."""
    return tuple(first[axis] for axis in second)


def permuted(shape: tuple[int, ...], permutation: Permutation) -> tuple[int, ...]:
    return tuple(shape[axis] for axis in permutation)


def keeps_order(shape: tuple[int, ...], permutation: Permutation) -> bool:
    """True when transposing leaves the data order as it is, because it only moves axes of size 1."""
    moved = [axis for axis in permutation if shape[axis] != 1]
    return moved == sorted(moved)


def moved_bytes(tensor: Tensor, permutation: Permutation, shape: tuple[int, ...] | None = None) -> int:
    """What a transpose of the tensor (seen as `shape`) costs: its bytes, or nothing when the order stays."""
    return 0 if keeps_order(shape or tensor.shape, permutation) else tensor.size_bytes


def chain_root(graph: Graph, producers: dict[str, Operator], tensor: str) -> tuple[str, list[Operator]]:
    """Follows movement operators upwards from `tensor`: (first tensor that none of them makes, operators in order)."""
    chain: list[Operator] = []
    op = producers.get(tensor)
    while op is not None and is_movement(op):
        chain.append(op)
        tensor = op.inputs[0]
        op = producers.get(tensor)
    return tensor, chain[::-1]


def index_map(graph: Graph, root: str, chain: list[Operator]) -> Index:
    """Where each element of the chain's result comes from: result.flat[i] = root.flat[map[i]]."""
    shape = graph.tensor(root).shape
    values: Index = np.arange(math.prod(shape), dtype=np.intp).reshape(shape)
    for op in chain:
        if isinstance(op, Transpose):
            values = values.transpose(op.permutation)
        else:
            values = values.reshape(graph.tensor(op.outputs[0]).shape)
    return np.ascontiguousarray(values).reshape(-1)


def digits(index: Index) -> list[tuple[int, int]] | None:
    """An index map as nested loops, outermost first: (size, stride) each; None when it is no such thing.

    Any chain of reshapes and transposes is one transpose between two reshapes if its map has this form.
    """
    loops: list[tuple[int, int]] = []
    total, inner = len(index), 1
    while inner < total:
        stride = int(index[inner])
        outer = index[::inner]
        linear = np.arange(len(outer), dtype=np.intp) * stride
        different = np.flatnonzero(outer != linear)
        size = int(different[0]) if len(different) else len(outer)
        if size < 2 or len(outer) % size:
            return None
        loops.append((size, stride))
        inner *= size
    loops.reverse()
    rebuilt: Index = np.zeros(1, dtype=np.intp)
    for size, stride in loops:
        rebuilt = (rebuilt[:, None] + np.arange(size, dtype=np.intp) * stride).reshape(-1)
    return loops if np.array_equal(rebuilt, index) else None
