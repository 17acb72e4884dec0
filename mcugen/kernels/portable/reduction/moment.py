"""Norms, variances and products on any CPU."""

from __future__ import annotations

from typing import ClassVar

import numpy as np

from mcugen.graph.graph import Graph
from mcugen.graph.ops.base import Operator
from mcugen.graph.ops.reduction.moment import Moment
from mcugen.graph.ops.reduction.product import Product
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


class ProductPortable(PortableKernel):
    """mcugen_product_s8: two kilobytes of tables."""

    name: ClassVar[str] = "product_s8.portable"
    operator: ClassVar[type[Operator]] = Product

    def invoke(self, op: Operator, graph: Graph) -> Invocation:
        assert isinstance(op, Product)
        given, out = operands(op, graph), graph.tensor(op.outputs[0])
        x = given.tensors[0]
        return Invocation(
            kernel=self.name,
            function="mcugen_product_s8",
            source="portable/reduction/product_s8.c",
            params_type="mcugen_product_params",
            params={
                "shape": seven_groups(x.shape, op.axes),
                "input_zero_point": x.zero_point,
                "output_zero_point": out.zero_point,
            },
            inputs=given.inputs,
            constants=(
                *given.constants,
                Constant("logarithms", np.roll(op.logarithms(x), 128)),
                Constant("thresholds", op.thresholds([x], [out])),
            ),
            outputs=(out.name,),
            overlaps=(Overlap(0, 0),) if given.inputs else (),
        )

    def cost(self, op: Operator, graph: Graph) -> float:
        return 9.0 * graph.tensor(op.inputs[0]).elements + 80.0 * graph.tensor(op.outputs[0]).elements
