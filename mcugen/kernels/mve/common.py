"""What the kernels of this library share: the cores that they run on, and portable kernels in lanes."""

from __future__ import annotations

from typing import ClassVar

from mcugen.boards.board import Cpu
from mcugen.graph.graph import Graph
from mcugen.graph.ops.base import Operator
from mcugen.kernels.portable.broadcast import broadcast_all
from mcugen.kernels.portable.common import AnotherFunction, operands


def has_vectors(cpu: Cpu) -> bool:
    """Helium, with floating point or without."""
    return cpu.mve != "none"


class InLanes(AnotherFunction):
    """A portable kernel in lanes: put before that kernel's class."""

    library: ClassVar[str] = "mve"

    def supports(self, op: Operator, graph: Graph, cpu: Cpu) -> bool:
        return has_vectors(cpu) and super().supports(op, graph, cpu)


class AlongRows(InLanes):
    """Of elements that broadcast, along rows of the innermost axis.

    Attributes:
        vector: instructions for `lanes` elements.
    """

    vector: ClassVar[float]
    lanes: ClassVar[int] = 4

    def cost(self, op: Operator, graph: Graph) -> float:
        out = graph.tensor(op.outputs[0])
        shape = broadcast_all([t.shape for t in operands(op, graph).tensors], out.shape).shape or (1,)
        return out.elements // shape[-1] * (self.vector * -(-shape[-1] // self.lanes) + 12) + 30


class AlongAll(InLanes):
    """Of all elements in one run.

    Attributes:
        vector: instructions for `lanes` elements; `once`: for each call.
    """

    vector: ClassVar[float]
    lanes: ClassVar[int] = 4
    once: ClassVar[float] = 25

    def cost(self, op: Operator, graph: Graph) -> float:
        return self.vector * -(-graph.tensor(op.outputs[0]).elements // self.lanes) + self.once
