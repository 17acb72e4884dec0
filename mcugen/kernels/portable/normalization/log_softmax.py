"""The logarithm of softmax on any CPU."""

from __future__ import annotations

from typing import ClassVar

from mcugen.boards.board import Cpu
from mcugen.graph.graph import Graph
from mcugen.graph.ops.base import Operator
from mcugen.graph.ops.normalization.log_softmax import LogSoftmax
from mcugen.kernels.base import Invocation, Overlap
from mcugen.kernels.portable.common import PortableKernel, two_words
from mcugen.kernels.portable.normalization.softmax import exponentials, most_below


class LogSoftmaxPortable(PortableKernel):
    """mcugen_log_softmax_s8."""

    name: ClassVar[str] = "log_softmax_s8.portable"
    operator: ClassVar[type[Operator]] = LogSoftmax

    def supports(self, op: Operator, graph: Graph, cpu: Cpu) -> bool:
        x = graph.tensor(op.inputs[0])
        return isinstance(op, LogSoftmax) and x.dtype == "int8" and not x.is_constant

    def invoke(self, op: Operator, graph: Graph) -> Invocation:
        assert isinstance(op, LogSoftmax)
        inputs, outputs = graph.input_tensors(op), graph.output_tensors(op)
        p, (slope, unit) = op.parameters(inputs), op.factors(inputs, outputs)
        out = outputs[0]
        return Invocation(
            kernel=self.name,
            function="mcugen_log_softmax_s8",
            source="portable/normalization/log_softmax_s8.c",
            params_type="mcugen_log_softmax_params",
            params={
                "rows": out.elements // out.shape[-1],
                "row_elements": out.shape[-1],
                "most_below": most_below(p),
                "slope": slope,
                **two_words("unit", unit),
                "output_zero_point": out.zero_point,
            },
            inputs=op.inputs,
            constants=(exponentials(p),),
            outputs=op.outputs,
            overlaps=(Overlap(0, 0),),
        )

    def cost(self, op: Operator, graph: Graph) -> float:
        out = graph.tensor(op.outputs[0])
        return 34.0 * out.elements + 250.0 * (out.elements // out.shape[-1])
