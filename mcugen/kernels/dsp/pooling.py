"""Pooling and means on DSP instructions: four channels of int8, or two of int16, in a word."""

from __future__ import annotations

from typing import ClassVar

from mcugen.graph.graph import Graph
from mcugen.graph.ops.base import Operator
from mcugen.graph.ops.pooling.average_pool2d import AveragePool2d
from mcugen.graph.ops.pooling.max_pool2d import MaxPool2d
from mcugen.graph.ops.reduction.mean import ReduceSum, Total
from mcugen.kernels.dsp.common import InWords
from mcugen.kernels.images import cost_per_image
from mcugen.kernels.portable.common import operands
from mcugen.kernels.portable.pooling.pool import AveragePool2dPortable, MaxPool2dPortable, windows_are_inside
from mcugen.kernels.portable.pooling.pool_s16 import AveragePool2dInt16Portable, MaxPool2dInt16Portable
from mcugen.kernels.portable.reduction.mean import alternating, seven_groups
from mcugen.kernels.portable.reduction.mean_s16 import MeanInt16Portable

# Sums of so many elements fit 16 bits.
_SUMMANDS = 255


class _PoolDsp(InWords):
    def fits(self, op: Operator, graph: Graph) -> bool:
        return super().fits(op, graph) and graph.tensor(op.inputs[0]).shape[3] >= 4


class MaxPool2dDsp(_PoolDsp, MaxPool2dPortable):
    """mcugen_dsp_max_pool2d_s8."""

    name: ClassVar[str] = "max_pool2d_s8.dsp"
    own_function: ClassVar[str] = "mcugen_dsp_max_pool2d_s8"
    source: ClassVar[str] = "dsp/pooling/max_pool2d_s8.c"
    limits: ClassVar[str] = "at least four channels"

    @cost_per_image
    def cost(self, op: Operator, graph: Graph) -> float:
        return _cost(op, graph, inside=(3.5, 6), clipped=(8.5, 22))


class AveragePool2dDsp(_PoolDsp, AveragePool2dPortable):
    """mcugen_dsp_average_pool2d_s8."""

    name: ClassVar[str] = "average_pool2d_s8.dsp"
    own_function: ClassVar[str] = "mcugen_dsp_average_pool2d_s8"
    source: ClassVar[str] = "dsp/pooling/average_pool2d_s8.c"
    limits: ClassVar[str] = f"at least four channels, windows of at most {_SUMMANDS} elements"

    def fits(self, op: Operator, graph: Graph) -> bool:
        assert isinstance(op, AveragePool2d)
        return super().fits(op, graph) and op.kernel[0] * op.kernel[1] <= _SUMMANDS

    @cost_per_image
    def cost(self, op: Operator, graph: Graph) -> float:
        return _cost(op, graph, inside=(4.5, 40), clipped=(9.5, 60))


class MaxPool2dInt16Dsp(_PoolDsp, MaxPool2dInt16Portable):
    """mcugen_dsp_max_pool2d_s16: two channels in a word."""

    name: ClassVar[str] = "max_pool2d_s16.dsp"
    own_function: ClassVar[str] = "mcugen_dsp_max_pool2d_s16"
    source: ClassVar[str] = "dsp/pooling/max_pool2d_s16.c"
    limits: ClassVar[str] = "at least four channels"

    @cost_per_image
    def cost(self, op: Operator, graph: Graph) -> float:
        return _cost(op, graph, inside=(3.5, 6), clipped=(8.5, 22), channels=2)


class AveragePool2dInt16Dsp(_PoolDsp, AveragePool2dInt16Portable):
    """mcugen_dsp_average_pool2d_s16: four channels at a time."""

    name: ClassVar[str] = "average_pool2d_s16.dsp"
    own_function: ClassVar[str] = "mcugen_dsp_average_pool2d_s16"
    source: ClassVar[str] = "dsp/pooling/average_pool2d_s16.c"
    limits: ClassVar[str] = "at least four channels"

    @cost_per_image
    def cost(self, op: Operator, graph: Graph) -> float:
        return _cost(op, graph, inside=(8, 40), clipped=(11, 60))


class MeanInt16Dsp(InWords, MeanInt16Portable):
    """mcugen_dsp_mean_s16: four outputs beside each other at a time."""

    name: ClassVar[str] = "mean_s16.dsp"
    own_function: ClassVar[str] = "mcugen_dsp_mean_s16"
    source: ClassVar[str] = "dsp/reduction/mean_s16.c"
    limits: ClassVar[str] = "neighbouring axes, with at least four elements behind them"

    def fits(self, op: Operator, graph: Graph) -> bool:
        groups = _groups(op, graph)
        return super().fits(op, graph) and len(groups) == 3 and groups[2] >= 4

    def groups(self, shape: tuple[int, ...], axes: tuple[int, ...]) -> tuple[int, ...]:
        return seven_groups(shape, axes)

    def cost(self, op: Operator, graph: Graph) -> float:
        outer, reduced, inner = _groups(op, graph)
        return outer * sum(divmod(inner, 4)) * (8.0 * reduced + 75) + 30


class ReduceSumInt16Dsp(MeanInt16Dsp):
    """mcugen_dsp_mean_s16 with a multiplier that does not divide."""

    name: ClassVar[str] = "reduce_sum_s16.dsp"
    operator: ClassVar[type[Operator]] = ReduceSum


def _groups(op: Operator, graph: Graph) -> tuple[int, ...]:
    """Kept, reduced, kept, ... elements."""
    assert isinstance(op, Total)
    return alternating(operands(op, graph).tensors[0].shape, op.axes)


def _cost(
    op: Operator, graph: Graph, inside: tuple[float, float], clipped: tuple[float, float], channels: int = 4
) -> float:
    """(instructions of a tap, others) for so many channels: of windows inside the input, and of others. A channel that
    is left over takes as many."""
    assert isinstance(op, AveragePool2d | MaxPool2d)
    _, height, width, depth = graph.tensor(op.outputs[0]).shape
    tap, finish = inside if windows_are_inside(op, graph) else clipped
    blocks = sum(divmod(depth, channels))
    return height * width * (blocks * (tap * op.kernel[0] * op.kernel[1] + finish) + 15) + 30
