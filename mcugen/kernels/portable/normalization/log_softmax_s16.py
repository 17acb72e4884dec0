"""The logarithm of softmax of int16 on any CPU."""

from __future__ import annotations

from typing import ClassVar

from mcugen.graph.graph import Graph
from mcugen.graph.ops.base import Operator
from mcugen.graph.ops.normalization.log_softmax import LogSoftmax
from mcugen.kernels.base import Invocation, Overlap
from mcugen.kernels.portable.common import two_words
from mcugen.kernels.portable.int16 import OnInt16


class LogSoftmaxInt16Portable(OnInt16):
    """mcugen_log_softmax_s16."""

    name: ClassVar[str] = "log_softmax_s16.portable"
    operator: ClassVar[type[Operator]] = LogSoftmax

    def fits(self, op: Operator, graph: Graph) -> bool:
        return not graph.tensor(op.inputs[0]).is_constant

    def invoke(self, op: Operator, graph: Graph) -> Invocation:
        assert isinstance(op, LogSoftmax)
        inputs, outputs = graph.input_tensors(op), graph.output_tensors(op)
        p, (slope, unit) = op.parameters(inputs), op.factors(inputs, outputs)
        out = outputs[0]
        return Invocation(
            kernel=self.name,
            function="mcugen_log_softmax_s16",
            source="portable/normalization/log_softmax_s16.c",
            params_type="mcugen_log_softmax_s16_params",
            params={
                "rows": out.elements // out.shape[-1],
                "row_elements": out.shape[-1],
                "multiplier": p.multiplier,
                "left_shift": p.left_shift,
                "diff_min": p.diff_min,
                **two_words("slope", slope),
                **two_words("unit", unit),
            },
            inputs=op.inputs,
            constants=(),
            outputs=op.outputs,
            overlaps=(Overlap(0, 0),),
        )

    def cost(self, op: Operator, graph: Graph) -> float:
        out = graph.tensor(op.outputs[0])
        return 140.0 * out.elements + 250.0 * (out.elements // out.shape[-1])
