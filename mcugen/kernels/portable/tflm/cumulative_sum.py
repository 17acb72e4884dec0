"""Cumulative sums on any CPU."""

from __future__ import annotations

import math
from typing import ClassVar

from mcugen.graph.graph import Graph
from mcugen.graph.ops.base import Operator
from mcugen.graph.ops.tflm.cumulative_sum import TflmCumulativeSum
from mcugen.kernels.base import Invocation, Overlap
from mcugen.kernels.portable.common import PortableKernel, operands


class TflmCumulativeSumPortable(PortableKernel):
    """mcugen_tflm_cumulative_sum_s8."""

    name: ClassVar[str] = "tflm_cumulative_sum_s8.portable"
    operator: ClassVar[type[Operator]] = TflmCumulativeSum

    def invoke(self, op: Operator, graph: Graph) -> Invocation:
        assert isinstance(op, TflmCumulativeSum)
        given, out = operands(op, graph), graph.tensor(op.outputs[0])
        x = given.tensors[0]
        multiplier, shift = op.requantization([x], [out])
        return Invocation(
            kernel=self.name,
            function="mcugen_tflm_cumulative_sum_s8",
            source="portable/tflm/cumulative_sum_s8.c",
            params_type="mcugen_cumulative_params",
            params={
                "outer": math.prod(x.shape[: op.axis]),
                "length": x.shape[op.axis],
                "inner": math.prod(x.shape[op.axis + 1 :]),
                "input_zero_point": x.zero_point,
                "output_zero_point": out.zero_point,
                "multiplier": multiplier,
                "shift": shift,
            },
            inputs=given.inputs,
            constants=given.constants,
            outputs=(out.name,),
            # An element is read before its sum is written, and never again.
            overlaps=(Overlap(0, 0, exact=True),) if given.inputs else (),
        )

    def cost(self, op: Operator, graph: Graph) -> float:
        return 24.0 * graph.tensor(op.outputs[0]).elements
