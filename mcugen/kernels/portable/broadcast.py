"""Two inputs that broadcast to one shape, with as few axes as possible."""

from __future__ import annotations

import math
from typing import NamedTuple

from mcugen.graph.tensor import Tensor
from mcugen.kernels.base import Overlap, ParamValue
from mcugen.kernels.portable.common import pad_front

RANK = 6


class Broadcast(NamedTuple):
    """The output's shape with axes merged, and for each input the elements from one to the next along each axis."""

    shape: tuple[int, ...]
    steps: tuple[tuple[int, ...], tuple[int, ...]]

    def params(self) -> dict[str, ParamValue]:
        """The fields shape, step0 and step1."""
        return {
            "shape": pad_front(self.shape, RANK, 1),
            "step0": pad_front(self.steps[0], RANK, 0),
            "step1": pad_front(self.steps[1], RANK, 0),
        }


def broadcast(first: tuple[int, ...], second: tuple[int, ...], out: tuple[int, ...]) -> Broadcast:
    """Merges neighbouring axes along which the same inputs are repeated; axes of one element vanish."""
    rank = len(out)
    padded = [pad_front(shape, rank, 1) for shape in (first, second)]
    merged: list[tuple[int, tuple[bool, bool]]] = []
    for axis, size in enumerate(out):
        if size == 1:
            continue
        varies = (padded[0][axis] != 1, padded[1][axis] != 1)
        if merged and merged[-1][1] == varies:
            merged[-1] = (merged[-1][0] * size, varies)
        else:
            merged.append((size, varies))
    shape = tuple(size for size, _ in merged)

    def steps(index: int) -> tuple[int, ...]:
        own = [size if varies[index] else 1 for size, varies in merged]
        return tuple(math.prod(own[i + 1 :]) if varies[index] else 0 for i, (_, varies) in enumerate(merged))

    return Broadcast(shape, (steps(0), steps(1)))


def in_place(tensors: tuple[Tensor, ...], inputs: tuple[str, ...], out: Tensor) -> tuple[Overlap, ...]:
    """An activation of the output's size may be overwritten: each element is read before its output is written."""
    return tuple(Overlap(i, 0) for i in range(len(inputs)) if tensors[i].elements == out.elements)
