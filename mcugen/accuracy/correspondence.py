"""Which value of the float program each tensor of the device holds, and in what order.

The passes between the lowered program and the device's graph are exact: tensors get other orders of their elements,
disappear into others or are made anew, but what is left of a value has the same integers. So a tensor's value is found
by running both graphs on the same samples, among the values with its quantization and number of elements, and is
proven by it: whatever a pass did, the integers are equal, in an order of axes that is tried out.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from mcugen.graph.graph import Graph
from mcugen.graph.tensor import IntArray, Tensor

_MOST_AXES = 4
"""Of more than one element, whose orders are all tried; beyond, the order stays."""

Values = Mapping[str, IntArray]
"""Integers of one run, by tensor."""


@dataclass(frozen=True)
class Correspondence:
    """A tensor of the device and a value of the program.

    Attributes:
        value: the node of the float program.
        shape: the value's.
        axes: those of its axes that have more than one element, in the tensor's order.
    """

    value: str
    shape: tuple[int, ...]
    axes: tuple[int, ...]

    def to_device(self, array: npt.NDArray[Any], tensor: Tensor) -> npt.NDArray[Any]:
        """The value as the tensor has it."""
        moving = sorted(self.axes)
        inner = array.reshape([self.shape[axis] for axis in moving])
        turned = inner.transpose([moving.index(axis) for axis in self.axes])
        return np.ascontiguousarray(turned).reshape(tensor.shape)

    def to_program(self, array: npt.NDArray[Any]) -> npt.NDArray[Any]:
        """The tensor's elements in the value's own shape."""
        outer = array.reshape([self.shape[axis] for axis in self.axes])
        back = sorted(range(len(self.axes)), key=self.axes.__getitem__)
        return np.ascontiguousarray(outer.transpose(back)).reshape(self.shape)


def correspondences(
    graph: Graph, lowered: Graph, values: Mapping[str, str], runs: Sequence[tuple[Values, Values]]
) -> dict[str, Correspondence]:
    """By tensor of the device, where its value is one of the program.

    Args:
        graph: the device's.
        lowered: the graph before the passes.
        values: by tensor of `lowered`, the node of the float program.
        runs: all tensors of `graph` and of `lowered`, of inferences on the same samples.
    """
    pool: dict[tuple[object, ...], list[str]] = {}
    for name in values:
        pool.setdefault(_kind(lowered.tensor(name)), []).append(name)
    found: dict[str, Correspondence] = {}
    taken: set[str] = set()
    activations = [port.tensor for port in graph.inputs] + [n for op in graph.operators for n in op.outputs]
    for name in activations:
        tensor = graph.tensor(name)
        candidates = pool.get(_kind(tensor), [])
        # Of several equal ones the first that no other tensor has.
        for other in sorted(candidates, key=lambda one: one in taken):
            axes = _axes(tensor, lowered.tensor(other), [(a[name], b[other]) for a, b in runs])
            if axes is not None:
                taken.add(other)
                found[name] = Correspondence(values[other], lowered.tensor(other).shape, axes)
                break
    return found


def _kind(tensor: Tensor) -> tuple[object, ...]:
    return tensor.dtype, tensor.quantization, tensor.elements


def _axes(tensor: Tensor, value: Tensor, pairs: Sequence[tuple[IntArray, IntArray]]) -> tuple[int, ...] | None:
    """The order of the value's axes in which both hold the same integers in all runs; None where they do not."""
    if any(int(a.sum(dtype=np.int64)) != int(b.sum(dtype=np.int64)) for a, b in pairs):
        return None
    for axes in _orders(value.shape):
        turned = Correspondence("", value.shape, axes)
        if all(np.array_equal(a, turned.to_device(b, tensor)) for a, b in pairs):
            return axes
    return None


def _orders(shape: tuple[int, ...]) -> Iterator[tuple[int, ...]]:
    """Orders of the axes that have more than one element; first those of PyTorch and of the device."""
    moving = tuple(axis for axis in range(len(shape)) if shape[axis] != 1)
    if math.prod(shape) == 1 or len(moving) > _MOST_AXES:
        yield moving
        return
    first = (*moving[1:], moving[0]) if len(moving) > 2 else moving
    yield first
    yield from (order for order in itertools.permutations(moving) if order != first)
