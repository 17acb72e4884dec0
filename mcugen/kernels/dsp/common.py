"""What the DSP kernels share that take a portable kernel's parameters."""

from __future__ import annotations

from typing import ClassVar

from mcugen.boards.board import Cpu
from mcugen.graph.graph import Graph
from mcugen.graph.ops.base import Operator
from mcugen.kernels.portable.common import AnotherFunction


class InWords(AnotherFunction):
    """A portable kernel with several elements in a word: put before that kernel's class."""

    library: ClassVar[str] = "dsp"

    def supports(self, op: Operator, graph: Graph, cpu: Cpu) -> bool:
        return cpu.dsp and super().supports(op, graph, cpu)
