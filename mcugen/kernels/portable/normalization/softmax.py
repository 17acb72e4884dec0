"""Softmax on any CPU."""

from __future__ import annotations

from typing import ClassVar

from mcugen.graph.graph import Graph
from mcugen.graph.ops.base import Operator
from mcugen.graph.ops.normalization.softmax import Softmax
from mcugen.kernels.base import Invocation, Overlap
from mcugen.kernels.portable.common import PortableKernel, operands


class SoftmaxPortable(PortableKernel):
    """mcugen_softmax_s8."""

    name: ClassVar[str] = "softmax_s8.portable"
    operator: ClassVar[type[Operator]] = Softmax

    def invoke(self, op: Operator, graph: Graph) -> Invocation:
        assert isinstance(op, Softmax)
        given, out = operands(op, graph), graph.tensor(op.outputs[0])
        p = op.parameters(given.tensors)
        return Invocation(
            kernel=self.name,
            function="mcugen_softmax_s8",
            source="portable/normalization/softmax_s8.c",
            params_type="mcugen_softmax_params",
            params={
                "rows": out.elements // out.shape[-1],
                "row_elements": out.shape[-1],
                "multiplier": p.multiplier,
                "left_shift": p.left_shift,
                "diff_min": p.diff_min,
            },
            inputs=given.inputs,
            constants=given.constants,
            outputs=(out.name,),
            overlaps=(Overlap(0, 0),) if given.inputs else (),
        )

    def cost(self, op: Operator, graph: Graph) -> float:
        return 250.0 * graph.tensor(op.outputs[0]).elements
