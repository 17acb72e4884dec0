"""Two inputs that broadcast to one shape, with as few axes as possible."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import NamedTuple

from mcugen.graph.tensor import Tensor
from mcugen.kernels.base import Overlap, ParamValue
from mcugen.kernels.portable.common import pad_front

RANK = 6


class Broadcast(NamedTuple):
    """The output's shape with axes merged, and for each input the elements from one to the next along each axis."""

    shape: tuple[int, ...]
    steps: tuple[tuple[int, ...], ...]

    def params(self) -> dict[str, ParamValue]:
        """The fields shape, step0, step1, ..."""
        steps = {f"step{i}": pad_front(own, RANK, 0) for i, own in enumerate(self.steps)}
        return {"shape": pad_front(self.shape, RANK, 1), **steps}


def broadcast(first: tuple[int, ...], second: tuple[int, ...], out: tuple[int, ...]) -> Broadcast:
    """As `broadcast_all`, of two inputs."""
    return broadcast_all((first, second), out)


def broadcast_all(shapes: Sequence[tuple[int, ...]], out: tuple[int, ...]) -> Broadcast:
    """Merges neighbouring axes along which the same inputs are repeated; axes of one element vanish."""
    rank = len(out)
    padded = [pad_front(shape, rank, 1) for shape in shapes]
    merged: list[tuple[int, tuple[bool, ...]]] = []
    for axis, size in enumerate(out):
        if size == 1:
            continue
        varies = tuple(shape[axis] != 1 for shape in padded)
        if merged and merged[-1][1] == varies:
            merged[-1] = (merged[-1][0] * size, varies)
        else:
            merged.append((size, varies))
    shape = tuple(size for size, _ in merged)

    def steps(index: int) -> tuple[int, ...]:
        own = [size if varies[index] else 1 for size, varies in merged]
        return tuple(math.prod(own[i + 1 :]) if varies[index] else 0 for i, (_, varies) in enumerate(merged))

    return Broadcast(shape, tuple(steps(i) for i in range(len(shapes))))


def in_place(tensors: tuple[Tensor, ...], inputs: tuple[str, ...], out: Tensor) -> tuple[Overlap, ...]:
    """An activation of the output's size may be overwritten: each element is read before its output is written."""
    same = [t.elements == out.elements and t.size_bytes == out.size_bytes for t in tensors]
    return tuple(Overlap(i, 0) for i in range(len(inputs)) if same[i])
