"""Fully connected of int16 on any CPU."""

from __future__ import annotations

from typing import ClassVar

from mcugen.graph.graph import Graph
from mcugen.graph.ops.base import Operator
from mcugen.graph.ops.linear.fully_connected import FullyConnected
from mcugen.kernels.base import Invocation
from mcugen.kernels.portable.common import PortableKernel
from mcugen.kernels.portable.convolution.conv2d import OneRun
from mcugen.kernels.portable.convolution.conv2d_s16 import column_cost, direct
from mcugen.kernels.portable.int16 import WeightedInt16, finish_of


class _Rows(PortableKernel):
    """Overlaps are counted in elements; see `OnInt16`."""

    def invoke(self, op: Operator, graph: Graph) -> Invocation:
        assert isinstance(op, FullyConnected)
        tensors = graph.input_tensors(op)
        depth = tensors[1].shape[1]
        return direct(self.name, op, graph, OneRun(1, 0, op.rows(tensors), depth, depth), op.clamp)

    def cost(self, op: Operator, graph: Graph) -> float:
        assert isinstance(op, FullyConnected)
        tensors = graph.input_tensors(op)
        output_c, depth = tensors[1].shape
        return op.rows(tensors) * (column_cost(depth, output_c, finish_of(op, graph).form) + 10)


class FullyConnectedInt16Portable(WeightedInt16, _Rows):
    """mcugen_conv2d_direct_s16: the input's rows are the columns of the matrix product."""

    name: ClassVar[str] = "fully_connected_s16.portable"
    operator: ClassVar[type[Operator]] = FullyConnected
