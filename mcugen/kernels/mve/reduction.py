"""Extremes, their places and cumulative sums on Helium."""

from __future__ import annotations

from typing import ClassVar

from mcugen.graph.graph import Graph
from mcugen.graph.ops.base import Operator
from mcugen.graph.ops.reduction.base import Reduction
from mcugen.graph.ops.reduction.cumulative_sum import CumulativeSum
from mcugen.graph.tensor import DTYPES
from mcugen.kernels.mve.common import InLanes
from mcugen.kernels.portable.common import operands
from mcugen.kernels.portable.reduction.cumulative_sum import CumulativeSumPortable
from mcugen.kernels.portable.reduction.extremes import (
    ArgMaxPortable,
    ArgMinPortable,
    ReduceMaxPortable,
    ReduceMinPortable,
)
from mcugen.kernels.portable.reduction.mean import alternating

# Places have 16 bits.
_MOST_PLACES = 1 << 15


def _groups(op: Operator, graph: Graph) -> tuple[int, ...]:
    """Kept, reduced, kept, ... elements."""
    assert isinstance(op, Reduction)
    return alternating(operands(op, graph).tensors[0].shape, op.axes)


class _Extremes(InLanes):
    own_function: ClassVar[str] = "mcugen_mve_reduce_s8"
    source: ClassVar[str] = "mve/reduction/extremes_s8.c"
    limits: ClassVar[str] = "neighbouring axes of bytes"
    lanes: ClassVar[int] = 16
    tap: ClassVar[float] = 3

    def fits(self, op: Operator, graph: Graph) -> bool:
        dtype = operands(op, graph).tensors[0].dtype
        plain = DTYPES[dtype].itemsize == 1 and dtype != "uint8"
        return super().fits(op, graph) and plain and len(_groups(op, graph)) <= 3

    def cost(self, op: Operator, graph: Graph) -> float:
        outer, reduced, inner = (*_groups(op, graph), 1, 1)[:3]
        if inner == 1:
            return outer * (4.0 * -(-reduced // 16) + 12) + 20
        vectors = -(-inner // self.lanes)
        return outer * (vectors * (self.tap * reduced + 12) + 10) + 30


class ReduceMaxMve(_Extremes, ReduceMaxPortable):
    """mcugen_mve_reduce_s8: sixteen results in lanes, or rows of sixteen elements."""

    name: ClassVar[str] = "reduce_max_s8.mve"


class ReduceMinMve(_Extremes, ReduceMinPortable):
    """mcugen_mve_reduce_s8: sixteen results in lanes, or rows of sixteen elements."""

    name: ClassVar[str] = "reduce_min_s8.mve"


class _Places(_Extremes):
    own_function: ClassVar[str] = "mcugen_mve_places_s8"
    lanes: ClassVar[int] = 8
    tap: ClassVar[float] = 10

    def fits(self, op: Operator, graph: Graph) -> bool:
        _, reduced, inner = (*_groups(op, graph), 1, 1)[:3]
        return super().fits(op, graph) and (inner == 1 or reduced <= _MOST_PLACES)

    def cost(self, op: Operator, graph: Graph) -> float:
        _, reduced, inner = (*_groups(op, graph), 1, 1)[:3]
        # Half of a row's vectors once more, then half of a vector's elements.
        again = 3.0 * (reduced // 32) + 4.0 * min(reduced, 16) / 2 + 30 if inner == 1 else 10
        return super().cost(op, graph) + again * graph.tensor(op.outputs[0]).elements


class ArgMaxMve(_Places, ArgMaxPortable):
    """mcugen_mve_places_s8: eight results in lanes, or rows of sixteen elements."""

    name: ClassVar[str] = "arg_max_s8.mve"


class ArgMinMve(_Places, ArgMinPortable):
    """mcugen_mve_places_s8: eight results in lanes, or rows of sixteen elements."""

    name: ClassVar[str] = "arg_min_s8.mve"


class CumulativeSumMve(InLanes, CumulativeSumPortable):
    """mcugen_mve_cumulative_sum_s8: four neighbours, or four rows, at a time."""

    name: ClassVar[str] = "cumulative_sum_s8.mve"
    own_function: ClassVar[str] = "mcugen_mve_cumulative_sum_s8"
    source: ClassVar[str] = "mve/reduction/cumulative_sum_s8.c"

    def cost(self, op: Operator, graph: Graph) -> float:
        assert isinstance(op, CumulativeSum)
        shape = graph.tensor(op.outputs[0]).shape
        elements, length = graph.tensor(op.outputs[0]).elements, shape[op.axis]
        inner = 1
        for size in shape[op.axis + 1 :]:
            inner *= size
        outer = elements // length // inner
        blocks = -(-outer // 4) if inner == 1 else outer * -(-inner // 4)
        return blocks * (18.0 * length + 15) + 30
