"""Normalization, softmax and its logarithm of rows on any CPU."""

from __future__ import annotations

from typing import ClassVar

from mcugen.boards.board import Cpu
from mcugen.graph.graph import Graph
from mcugen.graph.ops.base import Operator
from mcugen.graph.ops.tflm.l2_normalization import L2Normalization
from mcugen.graph.ops.tflm.log_softmax import TflmLogSoftmax
from mcugen.graph.ops.tflm.softmax import TflmSoftmax
from mcugen.kernels.base import Constant, Invocation, Overlap
from mcugen.kernels.portable.common import PortableKernel, operands
from mcugen.kernels.portable.normalization.softmax import exponentials, most_below


class L2NormalizationPortable(PortableKernel):
    """mcugen_l2_normalization_s8."""

    name: ClassVar[str] = "l2_normalization_s8.portable"
    operator: ClassVar[type[Operator]] = L2Normalization

    def invoke(self, op: Operator, graph: Graph) -> Invocation:
        assert isinstance(op, L2Normalization)
        given, out = operands(op, graph), graph.tensor(op.outputs[0])
        return Invocation(
            kernel=self.name,
            function="mcugen_l2_normalization_s8",
            source="portable/tflm/l2_normalization_s8.c",
            params_type="mcugen_l2_normalization_params",
            params={
                "rows": out.elements // out.shape[-1],
                "row_elements": out.shape[-1],
                "input_zero_point": given.tensors[0].zero_point,
            },
            inputs=given.inputs,
            constants=given.constants,
            outputs=(out.name,),
            overlaps=(Overlap(0, 0),) if given.inputs else (),
        )

    def cost(self, op: Operator, graph: Graph) -> float:
        out = graph.tensor(op.outputs[0])
        return 25.0 * out.elements + 400.0 * (out.elements // out.shape[-1])


class TflmLogSoftmaxPortable(PortableKernel):
    """mcugen_tflm_log_softmax_s8: two kilobytes of exponentials and differences."""

    name: ClassVar[str] = "tflm_log_softmax_s8.portable"
    operator: ClassVar[type[Operator]] = TflmLogSoftmax

    def supports(self, op: Operator, graph: Graph, cpu: Cpu) -> bool:
        return isinstance(op, TflmLogSoftmax) and not graph.tensor(op.inputs[0]).is_constant

    def invoke(self, op: Operator, graph: Graph) -> Invocation:
        assert isinstance(op, TflmLogSoftmax)
        inputs, out = graph.input_tensors(op), graph.tensor(op.outputs[0])
        p, (multiplier, shift) = op.parameters(inputs), op.back(inputs)
        return Invocation(
            kernel=self.name,
            function="mcugen_tflm_log_softmax_s8",
            source="portable/tflm/log_softmax_s8.c",
            params_type="mcugen_tflm_log_softmax_params",
            params={
                "rows": out.elements // out.shape[-1],
                "row_elements": out.shape[-1],
                "most_below": most_below(p),
                "multiplier": multiplier,
                "shift": shift,
            },
            inputs=op.inputs,
            constants=(exponentials(p), Constant("differences", op.differences(inputs))),
            outputs=op.outputs,
            overlaps=(Overlap(0, 0),),
        )

    def cost(self, op: Operator, graph: Graph) -> float:
        out = graph.tensor(op.outputs[0])
        return 45.0 * out.elements + 400.0 * (out.elements // out.shape[-1])


class TflmSoftmaxPortable(PortableKernel):
    """mcugen_tflm_softmax_s8_s16: a kilobyte of exponentials."""

    name: ClassVar[str] = "tflm_softmax_s8.portable"
    operator: ClassVar[type[Operator]] = TflmSoftmax
    wide: ClassVar[bool] = True

    def supports(self, op: Operator, graph: Graph, cpu: Cpu) -> bool:
        return isinstance(op, TflmSoftmax) and not graph.tensor(op.inputs[0]).is_constant

    def invoke(self, op: Operator, graph: Graph) -> Invocation:
        assert isinstance(op, TflmSoftmax)
        out, p = graph.tensor(op.outputs[0]), op.parameters(graph.input_tensors(op))
        return Invocation(
            kernel=self.name,
            function="mcugen_tflm_softmax_s8_s16",
            source="portable/tflm/softmax_s8_s16.c",
            params_type="mcugen_tflm_softmax_params",
            params={
                "rows": out.elements // out.shape[-1],
                "row_elements": out.shape[-1],
                "most_below": most_below(p),
            },
            inputs=op.inputs,
            constants=(exponentials(p),),
            outputs=op.outputs,
        )

    def cost(self, op: Operator, graph: Graph) -> float:
        out = graph.tensor(op.outputs[0])
        return 46.0 * out.elements + 150.0 * (out.elements // out.shape[-1])
