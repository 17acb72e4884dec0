"""What the kernels of this library share: the cores that they run on, and portable kernels in lanes."""

from __future__ import annotations

from dataclasses import replace
from typing import ClassVar

from mcugen.boards.board import Cpu
from mcugen.graph.graph import Graph
from mcugen.graph.ops.base import Operator
from mcugen.kernels.base import Invocation
from mcugen.kernels.portable.common import PortableKernel


def has_vectors(cpu: Cpu) -> bool:
    """Helium, with floating point or without."""
    return cpu.mve != "none"


class InLanes(PortableKernel):
    """A portable kernel's parameters, constants and overlaps with another C function: put before that kernel's class.

    `function` and `source` are the C function's; `cost` is its own.
    """

    library: ClassVar[str] = "mve"
    lanes_function: ClassVar[str]
    source: ClassVar[str]

    def supports(self, op: Operator, graph: Graph, cpu: Cpu) -> bool:
        return has_vectors(cpu) and super().supports(op, graph, cpu)

    def invoke(self, op: Operator, graph: Graph) -> Invocation:
        portable = super().invoke(op, graph)  # type: ignore[safe-super]  # of the class behind this one
        return replace(portable, function=self.lanes_function, source=self.source)
