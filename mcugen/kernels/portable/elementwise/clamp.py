"""Clamp on any CPU."""

from __future__ import annotations

from typing import ClassVar

from mcugen.graph.graph import Graph
from mcugen.graph.ops.base import Operator
from mcugen.graph.ops.elementwise.clamp import Clamp
from mcugen.kernels.base import Invocation, Overlap
from mcugen.kernels.portable.common import PortableKernel, operands


class ClampPortable(PortableKernel):
    """mcugen_clamp_s8."""

    name: ClassVar[str] = "clamp_s8.portable"
    operator: ClassVar[type[Operator]] = Clamp

    def invoke(self, op: Operator, graph: Graph) -> Invocation:
        assert isinstance(op, Clamp)
        given, out = operands(op, graph), graph.tensor(op.outputs[0])
        return Invocation(
            kernel=self.name,
            function="mcugen_clamp_s8",
            source="portable/elementwise/clamp_s8.c",
            params_type="mcugen_clamp_params",
            params={"elements": out.elements, "clamp_min": op.clamp[0], "clamp_max": op.clamp[1]},
            inputs=given.inputs,
            constants=given.constants,
            outputs=(out.name,),
            overlaps=(Overlap(0, 0),) if given.inputs else (),
        )

    def cost(self, op: Operator, graph: Graph) -> float:
        return 8.0 * graph.tensor(op.outputs[0]).elements
