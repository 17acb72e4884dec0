"""Norms, variances and cumulative sums on any CPU."""

from __future__ import annotations

import math
from typing import ClassVar

import numpy as np

from mcugen.graph.graph import Graph
from mcugen.graph.ops.base import Operator
from mcugen.graph.ops.reduction.cumulative_sum import CumulativeSum
from mcugen.graph.ops.reduction.moment import Moment
from mcugen.kernels.base import Constant, Invocation, Overlap
from mcugen.kernels.portable.common import PortableKernel, operands
from mcugen.kernels.portable.reduction.mean import seven_groups


class MomentPortable(PortableKernel):
    """mcugen_moment_s8: two kilobytes of tables."""

    name: ClassVar[str] = "moment_s8.portable"
    operator: ClassVar[type[Operator]] = Moment

    def invoke(self, op: Operator, graph: Graph) -> Invocation:
        assert isinstance(op, Moment)
        given, out = operands(op, graph), graph.tensor(op.outputs[0])
        x = given.tensors[0]
        # The kernel indexes with the unsigned value: 0 ... 127, -128 ... -1.
        values = np.roll(np.array(op.values, np.int32), 128)
        return Invocation(
            kernel=self.name,
            function="mcugen_moment_s8",
            source="portable/reduction/moment_s8.c",
            params_type="mcugen_moment_params",
            params={
                "shape": seven_groups(x.shape, op.axes),
                "count": op.count([x]),
                "centered": int(op.centered),
                "shift": op.shift,
            },
            inputs=given.inputs,
            constants=(
                *given.constants,
                Constant("values", values),
                Constant("thresholds", np.array(op.thresholds, np.int32)),
            ),
            outputs=(out.name,),
            overlaps=(Overlap(0, 0),) if given.inputs else (),
        )

    def cost(self, op: Operator, graph: Graph) -> float:
        return 8.0 * graph.tensor(op.inputs[0]).elements + 80.0 * graph.tensor(op.outputs[0]).elements


class CumulativeSumPortable(PortableKernel):
    """mcugen_cumulative_sum_s8."""

    name: ClassVar[str] = "cumulative_sum_s8.portable"
    operator: ClassVar[type[Operator]] = CumulativeSum

    def invoke(self, op: Operator, graph: Graph) -> Invocation:
        assert isinstance(op, CumulativeSum)
        given, out = operands(op, graph), graph.tensor(op.outputs[0])
        x = given.tensors[0]
        multiplier, shift = op.requantization([x], [out])
        return Invocation(
            kernel=self.name,
            function="mcugen_cumulative_sum_s8",
            source="portable/reduction/cumulative_sum_s8.c",
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
        return 20.0 * graph.tensor(op.outputs[0]).elements
