"""What the kernels of this library share: the cores that they run on, and portable kernels in lanes."""

from __future__ import annotations

from typing import ClassVar

from mcugen.boards.board import Cpu
from mcugen.graph.graph import Graph
from mcugen.graph.ops.base import Operator
from mcugen.kernels.portable.common import AnotherFunction


def has_vectors(cpu: Cpu) -> bool:
    """Helium, with floating point or without."""
    return cpu.mve != "none"


class InLanes(AnotherFunction):
    """A portable kernel in lanes: put before that kernel's class."""

    library: ClassVar[str] = "mve"

    def supports(self, op: Operator, graph: Graph, cpu: Cpu) -> bool:
        return has_vectors(cpu) and super().supports(op, graph, cpu)
