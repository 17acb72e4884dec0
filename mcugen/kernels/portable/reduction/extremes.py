"""Largest, smallest, their places, sums and products of plain integers, on any CPU."""

from __future__ import annotations

from typing import ClassVar

from mcugen.graph.graph import Graph
from mcugen.graph.ops.base import Operator
from mcugen.graph.ops.reduction.base import Reduction
from mcugen.graph.ops.reduction.extremes import ArgMax, ArgMin, IntegerSum, ReduceMax, ReduceMin
from mcugen.graph.ops.reduction.product import IntegerProduct
from mcugen.graph.tensor import DTYPES
from mcugen.kernels.base import Invocation, Overlap
from mcugen.kernels.portable.common import PortableKernel, operands
from mcugen.kernels.portable.elementwise.integer import byte_constants
from mcugen.kernels.portable.reduction.mean import seven_groups


class _IntegerReduction(PortableKernel):
    """mcugen_reduce_integer."""

    any_type: ClassVar[bool] = True
    operation: ClassVar[int]

    def invoke(self, op: Operator, graph: Graph) -> Invocation:
        assert isinstance(op, Reduction)
        given, out = operands(op, graph), graph.tensor(op.outputs[0])
        x = given.tensors[0]
        size, out_size = DTYPES[x.dtype].itemsize, DTYPES[out.dtype].itemsize
        return Invocation(
            kernel=self.name,
            function="mcugen_reduce_integer",
            source="portable/reduction/reduce_integer.c",
            params_type="mcugen_reduce_params",
            params={
                "shape": seven_groups(x.shape, op.axes),
                "element_bytes": size,
                "output_bytes": out_size,
                "operation": self.operation,
            },
            inputs=given.inputs,
            constants=byte_constants(given.constants),
            outputs=(out.name,),
            # Result i is written after its elements were read; those of later results lie at i + 1 or above.
            overlaps=(Overlap(0, 0),) if given.inputs and out_size <= size else (),
            as_bytes=True,
        )

    def cost(self, op: Operator, graph: Graph) -> float:
        return 8.0 * graph.tensor(op.inputs[0]).elements + 20.0 * graph.tensor(op.outputs[0]).elements


class ReduceMaxPortable(_IntegerReduction):
    name: ClassVar[str] = "reduce_max.portable"
    operator: ClassVar[type[Operator]] = ReduceMax
    operation: ClassVar[int] = 0


class ReduceMinPortable(_IntegerReduction):
    name: ClassVar[str] = "reduce_min.portable"
    operator: ClassVar[type[Operator]] = ReduceMin
    operation: ClassVar[int] = 1


class IntegerSumPortable(_IntegerReduction):
    name: ClassVar[str] = "integer_sum.portable"
    operator: ClassVar[type[Operator]] = IntegerSum
    operation: ClassVar[int] = 2


class ArgMaxPortable(_IntegerReduction):
    name: ClassVar[str] = "arg_max.portable"
    operator: ClassVar[type[Operator]] = ArgMax
    operation: ClassVar[int] = 3


class ArgMinPortable(_IntegerReduction):
    name: ClassVar[str] = "arg_min.portable"
    operator: ClassVar[type[Operator]] = ArgMin
    operation: ClassVar[int] = 4


class IntegerProductPortable(_IntegerReduction):
    name: ClassVar[str] = "integer_product.portable"
    operator: ClassVar[type[Operator]] = IntegerProduct
    operation: ClassVar[int] = 5
