"""Pooling on DSP instructions: four channels in a word."""

from __future__ import annotations

from typing import ClassVar

from mcugen.boards.board import Cpu
from mcugen.graph.graph import Graph
from mcugen.graph.ops.base import Operator
from mcugen.graph.ops.pooling.average_pool2d import AveragePool2d
from mcugen.graph.ops.pooling.max_pool2d import MaxPool2d
from mcugen.kernels.images import cost_per_image
from mcugen.kernels.portable.common import AnotherFunction
from mcugen.kernels.portable.pooling.pool import AveragePool2dPortable, MaxPool2dPortable, windows_are_inside

# Sums of so many elements fit 16 bits.
_SUMMANDS = 255


class _PoolDsp(AnotherFunction):
    library: ClassVar[str] = "dsp"

    def supports(self, op: Operator, graph: Graph, cpu: Cpu) -> bool:
        return cpu.dsp and super().supports(op, graph, cpu)

    def fits(self, op: Operator, graph: Graph) -> bool:
        return super().fits(op, graph) and graph.tensor(op.inputs[0]).shape[3] >= 4


class MaxPool2dDsp(_PoolDsp, MaxPool2dPortable):
    """mcugen_dsp_max_pool2d_s8."""

    name: ClassVar[str] = "max_pool2d_s8.dsp"
    own_function: ClassVar[str] = "mcugen_dsp_max_pool2d_s8"
    source: ClassVar[str] = "dsp/max_pool2d_s8.c"
    limits: ClassVar[str] = "at least four channels"

    @cost_per_image
    def cost(self, op: Operator, graph: Graph) -> float:
        return _cost(op, graph, inside=(3.5, 6), clipped=(8.5, 22))


class AveragePool2dDsp(_PoolDsp, AveragePool2dPortable):
    """mcugen_dsp_average_pool2d_s8."""

    name: ClassVar[str] = "average_pool2d_s8.dsp"
    own_function: ClassVar[str] = "mcugen_dsp_average_pool2d_s8"
    source: ClassVar[str] = "dsp/average_pool2d_s8.c"
    limits: ClassVar[str] = f"at least four channels, windows of at most {_SUMMANDS} elements"

    def fits(self, op: Operator, graph: Graph) -> bool:
        assert isinstance(op, AveragePool2d)
        return super().fits(op, graph) and op.kernel[0] * op.kernel[1] <= _SUMMANDS

    @cost_per_image
    def cost(self, op: Operator, graph: Graph) -> float:
        return _cost(op, graph, inside=(4.5, 40), clipped=(9.5, 60))


def _cost(op: Operator, graph: Graph, inside: tuple[float, float], clipped: tuple[float, float]) -> float:
    """(instructions of a tap, others) for four channels: of windows inside the input, and of others. A channel that is
    left over takes as many."""
    assert isinstance(op, AveragePool2d | MaxPool2d)
    _, height, width, depth = graph.tensor(op.outputs[0]).shape
    tap, finish = inside if windows_are_inside(op, graph) else clipped
    fours = sum(divmod(depth, 4))
    return height * width * (fours * (tap * op.kernel[0] * op.kernel[1] + finish) + 15) + 30
