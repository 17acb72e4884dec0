"""Pooling, means and sums on Helium."""

from __future__ import annotations

from typing import ClassVar

from mcugen.graph.graph import Graph
from mcugen.graph.ops import AdaptiveAveragePool2d, MaxPoolPlaces2d, SpannedMaxPool2d
from mcugen.graph.ops.base import Operator
from mcugen.graph.ops.pooling.average_pool2d import AveragePool2d
from mcugen.graph.ops.pooling.max_pool2d import MaxPool2d
from mcugen.graph.ops.reduction.mean import ReduceSum, Total
from mcugen.kernels.images import cost_per_image
from mcugen.kernels.mve.common import InLanes
from mcugen.kernels.portable.common import operands
from mcugen.kernels.portable.pooling.adaptive import AdaptiveAveragePool2dPortable
from mcugen.kernels.portable.pooling.pool import AveragePool2dPortable, MaxPool2dPortable
from mcugen.kernels.portable.pooling.pool_s16 import AveragePool2dInt16Portable, MaxPool2dInt16Portable
from mcugen.kernels.portable.pooling.spanned import MaxPoolPlaces2dPortable, SpannedMaxPool2dPortable
from mcugen.kernels.portable.reduction.mean import MeanPortable, alternating, seven_groups
from mcugen.kernels.portable.reduction.mean_s16 import MeanInt16Portable

Spans = tuple[tuple[int, int], ...]
"""First and end of each window along an axis."""

# Sums of so many elements fit 16 bits.
_SUMMANDS = 255


def _pool_cost(op: Operator, graph: Graph, lanes: int, finish: float) -> float:
    assert isinstance(op, AveragePool2d | MaxPool2d)
    _, height, width, depth = graph.tensor(op.outputs[0]).shape
    tap = 4 if depth % lanes == 0 else 6
    window = op.kernel[0] * (tap * op.kernel[1] + 8) + finish
    return height * width * (-(-depth // lanes) * window + 14) + 30


class MaxPool2dMve(InLanes, MaxPool2dPortable):
    """mcugen_mve_max_pool2d_s8: sixteen channels at a time."""

    name: ClassVar[str] = "max_pool2d_s8.mve"
    own_function: ClassVar[str] = "mcugen_mve_max_pool2d_s8"
    source: ClassVar[str] = "mve/pooling/max_pool2d_s8.c"

    @cost_per_image
    def cost(self, op: Operator, graph: Graph) -> float:
        return _pool_cost(op, graph, 16, 10)


class AveragePool2dMve(InLanes, AveragePool2dPortable):
    """mcugen_mve_average_pool2d_s8: eight channels at a time."""

    name: ClassVar[str] = "average_pool2d_s8.mve"
    own_function: ClassVar[str] = "mcugen_mve_average_pool2d_s8"
    source: ClassVar[str] = "mve/pooling/average_pool2d_s8.c"
    limits: ClassVar[str] = f"windows of at most {_SUMMANDS} elements"

    def fits(self, op: Operator, graph: Graph) -> bool:
        assert isinstance(op, AveragePool2d)
        return super().fits(op, graph) and op.kernel[0] * op.kernel[1] <= _SUMMANDS

    @cost_per_image
    def cost(self, op: Operator, graph: Graph) -> float:
        return _pool_cost(op, graph, 8, 30)


class MaxPool2dInt16Mve(InLanes, MaxPool2dInt16Portable):
    """mcugen_mve_max_pool2d_s16: eight channels at a time."""

    name: ClassVar[str] = "max_pool2d_s16.mve"
    own_function: ClassVar[str] = "mcugen_mve_max_pool2d_s16"
    source: ClassVar[str] = "mve/pooling/max_pool2d_s16.c"

    @cost_per_image
    def cost(self, op: Operator, graph: Graph) -> float:
        return _pool_cost(op, graph, 8, 10)


class AveragePool2dInt16Mve(InLanes, AveragePool2dInt16Portable):
    """mcugen_mve_average_pool2d_s16: four channels at a time."""

    name: ClassVar[str] = "average_pool2d_s16.mve"
    own_function: ClassVar[str] = "mcugen_mve_average_pool2d_s16"
    source: ClassVar[str] = "mve/pooling/average_pool2d_s16.c"

    @cost_per_image
    def cost(self, op: Operator, graph: Graph) -> float:
        return _pool_cost(op, graph, 4, 30)


class AdaptiveAveragePool2dMve(InLanes, AdaptiveAveragePool2dPortable):
    """mcugen_mve_adaptive_average_pool2d_s8: eight channels at a time."""

    name: ClassVar[str] = "adaptive_average_pool2d_s8.mve"
    own_function: ClassVar[str] = "mcugen_mve_adaptive_average_pool2d_s8"
    source: ClassVar[str] = "mve/pooling/adaptive_average_pool2d_s8.c"
    limits: ClassVar[str] = f"windows of at most {_SUMMANDS} elements"

    def fits(self, op: Operator, graph: Graph) -> bool:
        assert isinstance(op, AdaptiveAveragePool2d)
        tallest, widest = (max(end - first for first, end in spans) for spans in (op.rows, op.columns))
        return super().fits(op, graph) and tallest * widest <= _SUMMANDS

    @cost_per_image
    def cost(self, op: Operator, graph: Graph) -> float:
        assert isinstance(op, AdaptiveAveragePool2d)
        return _spans_cost(graph.tensor(op.outputs[0]).shape, (op.rows, op.columns), (1, 1), 8, 35)


class SpannedMaxPool2dMve(InLanes, SpannedMaxPool2dPortable):
    """mcugen_mve_spanned_max_pool2d_s8: sixteen channels at a time."""

    name: ClassVar[str] = "spanned_max_pool2d_s8.mve"
    own_function: ClassVar[str] = "mcugen_mve_spanned_max_pool2d_s8"
    source: ClassVar[str] = "mve/pooling/spanned_max_pool2d_s8.c"
    wide: ClassVar[bool] = False

    def fits(self, op: Operator, graph: Graph) -> bool:
        return graph.tensor(op.inputs[0]).dtype == "int8"

    @cost_per_image
    def cost(self, op: Operator, graph: Graph) -> float:
        assert isinstance(op, SpannedMaxPool2d)
        return _spans_cost(graph.tensor(op.outputs[0]).shape, (op.rows, op.columns), op.step, 16, 10)


class MaxPoolPlaces2dMve(InLanes, MaxPoolPlaces2dPortable):
    """mcugen_mve_max_pool_places2d_s8: four channels at a time."""

    name: ClassVar[str] = "max_pool_places2d_s8.mve"
    own_function: ClassVar[str] = "mcugen_mve_max_pool_places2d_s8"
    source: ClassVar[str] = "mve/pooling/spanned_max_pool2d_s8.c"
    wide: ClassVar[bool] = False

    def fits(self, op: Operator, graph: Graph) -> bool:
        return graph.tensor(op.inputs[0]).dtype == "int8"

    @cost_per_image
    def cost(self, op: Operator, graph: Graph) -> float:
        assert isinstance(op, MaxPoolPlaces2d)
        return _spans_cost(graph.tensor(op.outputs[0]).shape, (op.rows, op.columns), op.step, 4, 50, 11)


def _spans_cost(
    out: tuple[int, ...], spans: tuple[Spans, Spans], step: tuple[int, int], lanes: int, finish: float, tap: float = 4
) -> float:
    rows, columns = (
        sum(len(range(first, end, each)) for first, end in own) for own, each in zip(spans, step, strict=True)
    )
    windows = out[1] * out[2]
    return -(-out[3] // lanes) * (tap * rows * columns + 7 * rows * out[2] + finish * windows) + 25 * windows


class MeanMve(InLanes, MeanPortable):
    """mcugen_mve_mean_s8: eight outputs in lanes, or rows of sixteen elements."""

    name: ClassVar[str] = "mean_s8.mve"
    own_function: ClassVar[str] = "mcugen_mve_mean_s8"
    source: ClassVar[str] = "mve/reduction/mean_s8.c"
    limits: ClassVar[str] = "neighbouring axes"

    def fits(self, op: Operator, graph: Graph) -> bool:
        return super().fits(op, graph) and len(_groups(op, graph)) <= 3

    def groups(self, shape: tuple[int, ...], axes: tuple[int, ...]) -> tuple[int, ...]:
        return seven_groups(shape, axes)

    def cost(self, op: Operator, graph: Graph) -> float:
        outer, reduced, inner = (*_groups(op, graph), 1, 1)[:3]
        if inner == 1:
            return outer * (3.0 * -(-reduced // 16) + 16) + 20
        tap = 3 if inner % 8 == 0 else 5
        return outer * (-(-inner // 8) * (tap * reduced + 25.0 + 12 * (reduced // _SUMMANDS)) + 10) + 30


class MeanInt16Mve(InLanes, MeanInt16Portable):
    """mcugen_mve_mean_s16: four outputs in lanes, or rows of eight elements."""

    name: ClassVar[str] = "mean_s16.mve"
    own_function: ClassVar[str] = "mcugen_mve_mean_s16"
    source: ClassVar[str] = "mve/reduction/mean_s16.c"
    limits: ClassVar[str] = "neighbouring axes"

    def fits(self, op: Operator, graph: Graph) -> bool:
        return super().fits(op, graph) and len(_groups(op, graph)) <= 3

    def groups(self, shape: tuple[int, ...], axes: tuple[int, ...]) -> tuple[int, ...]:
        return seven_groups(shape, axes)

    def cost(self, op: Operator, graph: Graph) -> float:
        outer, reduced, inner = (*_groups(op, graph), 1, 1)[:3]
        if inner == 1:
            return outer * (3.0 * -(-reduced // 8) + 18) + 20
        return outer * (-(-inner // 4) * (3.0 * reduced + 20) + 10) + 30


class ReduceSumInt16Mve(MeanInt16Mve):
    """mcugen_mve_mean_s16 with a multiplier that does not divide."""

    name: ClassVar[str] = "reduce_sum_s16.mve"
    operator: ClassVar[type[Operator]] = ReduceSum


class ReduceSumMve(MeanMve):
    """mcugen_mve_mean_s8 with a multiplier that does not divide."""

    name: ClassVar[str] = "reduce_sum_s8.mve"
    operator: ClassVar[type[Operator]] = ReduceSum


def _groups(op: Operator, graph: Graph) -> tuple[int, ...]:
    """Kept, reduced, kept, ... elements."""
    assert isinstance(op, Total)
    return alternating(operands(op, graph).tensors[0].shape, op.axes)
