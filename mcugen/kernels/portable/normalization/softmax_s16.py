"""Softmax of int16 on any CPU."""

from __future__ import annotations

from typing import ClassVar

from mcugen.graph.graph import Graph
from mcugen.graph.ops.base import Operator
from mcugen.graph.ops.normalization.softmax import Softmax
from mcugen.graph.ops.normalization.wide_softmax import (
    exponential_entries,
    reciprocal_entries,
    wide_softmax_multiplier,
)
from mcugen.kernels.base import Constant, Invocation, Overlap
from mcugen.kernels.portable.common import PortableKernel


def tables() -> tuple[Constant, ...]:
    """What every softmax of int16 interpolates in."""
    return Constant("exponentials", exponential_entries(), 2), Constant("reciprocals", reciprocal_entries(), 2)


class SoftmaxInt16Portable(PortableKernel):
    """mcugen_softmax_s16."""

    name: ClassVar[str] = "softmax_s16.portable"
    operator: ClassVar[type[Operator]] = Softmax
    wide: ClassVar[bool] = True

    def fits(self, op: Operator, graph: Graph) -> bool:
        x = graph.tensor(op.inputs[0])
        return x.dtype == "int16" and not x.is_constant

    def invoke(self, op: Operator, graph: Graph) -> Invocation:
        assert isinstance(op, Softmax)
        x, out = graph.tensor(op.inputs[0]), graph.tensor(op.outputs[0])
        multiplier, shift = wide_softmax_multiplier(op.beta, x.scale)
        return Invocation(
            kernel=self.name,
            function="mcugen_softmax_s16",
            source="portable/normalization/softmax_s16.c",
            params_type="mcugen_softmax_s16_params",
            params={
                "rows": out.elements // out.shape[-1],
                "row_elements": out.shape[-1],
                "multiplier": multiplier,
                "shift": shift,
            },
            inputs=op.inputs,
            constants=tables(),
            outputs=op.outputs,
            overlaps=(Overlap(0, 0),),
        )

    def cost(self, op: Operator, graph: Graph) -> float:
        out = graph.tensor(op.outputs[0])
        return 28.5 * out.elements + 65.0 * (out.elements // out.shape[-1])
