"""Softmax on any CPU."""

from __future__ import annotations

from typing import ClassVar

import numpy as np

from mcugen.graph.graph import Graph
from mcugen.graph.ops.base import Operator
from mcugen.graph.ops.normalization.softmax import Softmax, SoftmaxParameters, exponentials_of, share_bits
from mcugen.kernels.base import Constant, Invocation, Overlap
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
                "share_bits": share_bits(out),
            },
            inputs=given.inputs,
            constants=given.constants,
            outputs=(out.name,),
            overlaps=(Overlap(0, 0),) if given.inputs else (),
        )

    def cost(self, op: Operator, graph: Graph) -> float:
        return 250.0 * graph.tensor(op.outputs[0]).elements


_WORTH_A_TABLE = 1024


class SoftmaxTablePortable(PortableKernel):
    """mcugen_softmax_table_s8: 1 KB of exponentials saves nine of ten instructions for each element."""

    name: ClassVar[str] = "softmax_table_s8.portable"
    operator: ClassVar[type[Operator]] = Softmax

    def fits(self, op: Operator, graph: Graph) -> bool:
        return graph.tensor(op.outputs[0]).elements >= _WORTH_A_TABLE and not graph.tensor(op.inputs[0]).is_constant

    def invoke(self, op: Operator, graph: Graph) -> Invocation:
        assert isinstance(op, Softmax)
        out = graph.tensor(op.outputs[0])
        p = op.parameters(graph.input_tensors(op))
        return Invocation(
            kernel=self.name,
            function="mcugen_softmax_table_s8",
            source="portable/normalization/softmax_table_s8.c",
            params_type="mcugen_softmax_table_params",
            params={
                "rows": out.elements // out.shape[-1],
                "row_elements": out.shape[-1],
                "most_below": most_below(p),
                "share_bits": share_bits(out),
            },
            inputs=op.inputs,
            constants=(exponentials(p),),
            outputs=op.outputs,
            overlaps=(Overlap(0, 0),),
        )

    def cost(self, op: Operator, graph: Graph) -> float:
        out = graph.tensor(op.outputs[0])
        return TABLE_COST * out.elements + 150.0 * (out.elements // out.shape[-1])


TABLE_COST = 46.0
"""Instructions for each element."""


def exponentials(p: SoftmaxParameters) -> Constant:
    """Those of the differences 0, -1 ... -255, in Q0.31; 0 where an element counts as 0."""
    differences = -np.arange(256, dtype=np.int64)
    counts = differences >= p.diff_min
    values = exponentials_of(np.where(counts, differences, 0), p)
    return Constant("exponentials", np.where(counts, values, 0).astype(np.int32))


def most_below(p: SoftmaxParameters) -> int:
    """The largest difference that counts."""
    return min(-p.diff_min, 255)
