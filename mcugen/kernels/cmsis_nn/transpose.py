"""Transposition by CMSIS-NN."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import ClassVar

from mcugen.graph.graph import Graph
from mcugen.graph.ops import Operator
from mcugen.graph.ops.movement.transpose import Transpose
from mcugen.kernels.base import Invocation
from mcugen.kernels.cmsis_nn.base import LARGEST_SIZE, CmsisNnKernel
from mcugen.kernels.cmsis_nn.core import CoreClass

# The Helium kernel gathers eight rows with 16-bit byte offsets.
_WIDEST_GATHER = 0xFFFF // 7


def merge_axes(shape: Sequence[int], permutation: Sequence[int]) -> tuple[tuple[int, ...], tuple[int, ...]]:
    """The same transposition with as few axes as possible.

    Axes of size 1 are dropped, and neighbours that stay neighbours become one axis. A copy has one axis.

    Returns:
        (shape, permutation) of the merged transposition.
    """
    groups: list[list[int]] = []
    moved = [axis for axis in permutation if shape[axis] != 1]
    kept = sorted(moved)
    for axis in moved:
        follows = groups and kept.index(axis) == kept.index(groups[-1][-1]) + 1
        groups[-1].append(axis) if follows else groups.append([axis])
    by_input = sorted(groups)
    merged = tuple(math.prod(shape[axis] for axis in group) for group in by_input)
    return merged or (1,), tuple(by_input.index(group) for group in groups) or (0,)


class TransposeS8(CmsisNnKernel):
    """arm_transpose_s8: up to four axes after merging."""

    name: ClassVar[str] = "transpose_s8.cmsis_nn"
    arm: ClassVar[str] = "transpose_s8"
    family: ClassVar[str] = "movement"
    params_type: ClassVar[str] = "mcugen_cmsis_nn_transpose_params"
    operator: ClassVar[type[Operator]] = Transpose

    def exact(self, op: Operator, graph: Graph) -> bool:
        assert isinstance(op, Transpose)
        shape, permutation = merge_axes(graph.tensor(op.inputs[0]).shape, op.permutation)
        last_two = len(shape) >= 2 and permutation[-2:] == (len(shape) - 1, len(shape) - 2)
        gathers = self.core is CoreClass.MVE and last_two
        return len(shape) <= 4 and (len(shape) == 1 or max(shape) <= (_WIDEST_GATHER if gathers else LARGEST_SIZE))

    def invoke(self, op: Operator, graph: Graph) -> Invocation:
        assert isinstance(op, Transpose)
        shape, permutation = merge_axes(graph.tensor(op.inputs[0]).shape, op.permutation)
        if len(shape) == 3:
            # With four axes, Helium has a fast path for exchanging the last two.
            shape, permutation = (1, *shape), (0, *(axis + 1 for axis in permutation))
        unused = 4 - len(shape)
        return self.invocation(
            op,
            {
                "rank": len(shape),
                "input": shape + (1,) * unused,
                "output": tuple(shape[axis] for axis in permutation) + (1,) * unused,
                "permutation": permutation + tuple(range(len(shape), 4)),
            },
        )

    def cost(self, op: Operator, graph: Graph) -> float:
        return (1.8 if self.core is CoreClass.MVE else 5.2) * graph.tensor(op.outputs[0]).elements + 60
