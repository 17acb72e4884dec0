"""Cumulative sums on any CPU."""

from __future__ import annotations

import math
from typing import ClassVar

from mcugen.graph.graph import Graph
from mcugen.graph.ops.base import Operator
from mcugen.graph.ops.reduction.cumulative_sum import CumulativeSum, IntegerCumulativeSum
from mcugen.graph.tensor import DTYPES
from mcugen.kernels.base import Invocation, Overlap
from mcugen.kernels.portable.common import PortableKernel, operands
from mcugen.kernels.portable.elementwise.integer import byte_constants
from mcugen.kernels.portable.int16 import OnInt16


class CumulativeSumPortable(PortableKernel):
    """mcugen_cumulative_sum_s8.

    Attributes:
        suffix: of the C function and its file.
    """

    name: ClassVar[str] = "cumulative_sum_s8.portable"
    operator: ClassVar[type[Operator]] = CumulativeSum
    suffix: ClassVar[str] = "s8"

    def invoke(self, op: Operator, graph: Graph) -> Invocation:
        assert isinstance(op, CumulativeSum)
        given, out = operands(op, graph), graph.tensor(op.outputs[0])
        x = given.tensors[0]
        multiplier, shift = op.requantization([x], [out])
        return Invocation(
            kernel=self.name,
            function=f"mcugen_cumulative_sum_{self.suffix}",
            source=f"portable/reduction/cumulative_sum_{self.suffix}.c",
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


class CumulativeSumInt16Portable(OnInt16, CumulativeSumPortable):
    """mcugen_cumulative_sum_s16."""

    name: ClassVar[str] = "cumulative_sum_s16.portable"
    suffix: ClassVar[str] = "s16"


class IntegerCumulativeSumPortable(PortableKernel):
    """mcugen_cumulative_integer."""

    name: ClassVar[str] = "integer_cumulative_sum.portable"
    operator: ClassVar[type[Operator]] = IntegerCumulativeSum
    any_type: ClassVar[bool] = True

    def invoke(self, op: Operator, graph: Graph) -> Invocation:
        assert isinstance(op, IntegerCumulativeSum)
        given, out = operands(op, graph), graph.tensor(op.outputs[0])
        x = given.tensors[0]
        size, out_size = DTYPES[x.dtype].itemsize, DTYPES[out.dtype].itemsize
        return Invocation(
            kernel=self.name,
            function="mcugen_cumulative_integer",
            source="portable/reduction/cumulative_integer.c",
            params_type="mcugen_cumulative_integer_params",
            params={
                "outer": math.prod(x.shape[: op.axis]),
                "length": x.shape[op.axis],
                "inner": math.prod(x.shape[op.axis + 1 :]),
                "element_bytes": size,
                "output_bytes": out_size,
            },
            inputs=given.inputs,
            constants=byte_constants(given.constants),
            outputs=(out.name,),
            overlaps=(Overlap(0, 0, exact=True),) if given.inputs and size == out_size else (),
            as_bytes=True,
        )

    def cost(self, op: Operator, graph: Graph) -> float:
        return 10.0 * graph.tensor(op.outputs[0]).elements
