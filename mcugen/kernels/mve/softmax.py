"""Softmax on Helium."""

from __future__ import annotations

from typing import ClassVar

from mcugen.graph.graph import Graph
from mcugen.graph.ops.base import Operator
from mcugen.kernels.mve.common import InLanes
from mcugen.kernels.portable.normalization.softmax import SoftmaxPortable, SoftmaxTablePortable


def _cost(op: Operator, graph: Graph, four: float) -> float:
    """Instructions: `four` for four elements, and those of rows."""
    out = graph.tensor(op.outputs[0])
    row = out.shape[-1]
    return out.elements // row * (four * -(-row // 4) + 3.0 * -(-row // 16) + 110)


class SoftmaxMve(InLanes, SoftmaxPortable):
    """mcugen_mve_softmax_s8: four exponentials at a time."""

    name: ClassVar[str] = "softmax_s8.mve"
    own_function: ClassVar[str] = "mcugen_mve_softmax_s8"
    source: ClassVar[str] = "mve/normalization/softmax_s8.c"

    def cost(self, op: Operator, graph: Graph) -> float:
        return _cost(op, graph, 170)


class SoftmaxTableMve(InLanes, SoftmaxTablePortable):
    """mcugen_mve_softmax_table_s8: exponentials gathered from 1 KB."""

    name: ClassVar[str] = "softmax_table_s8.mve"
    own_function: ClassVar[str] = "mcugen_mve_softmax_table_s8"
    source: ClassVar[str] = "mve/normalization/softmax_table_s8.c"

    def cost(self, op: Operator, graph: Graph) -> float:
        return _cost(op, graph, 18)
