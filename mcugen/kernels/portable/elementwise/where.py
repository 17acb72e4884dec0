"""Choice between two tensors on any CPU."""

from __future__ import annotations

from typing import ClassVar

from mcugen.graph.graph import Graph
from mcugen.graph.ops.base import Operator
from mcugen.graph.ops.elementwise.where import Where
from mcugen.graph.tensor import DTYPES
from mcugen.kernels.base import Invocation
from mcugen.kernels.portable.broadcast import broadcast_all, in_place
from mcugen.kernels.portable.common import PortableKernel, operands
from mcugen.kernels.portable.elementwise.integer import byte_constants


class WherePortable(PortableKernel):
    """mcugen_where."""

    name: ClassVar[str] = "where.portable"
    operator: ClassVar[type[Operator]] = Where
    any_type: ClassVar[bool] = True

    def invoke(self, op: Operator, graph: Graph) -> Invocation:
        given, out = operands(op, graph), graph.tensor(op.outputs[0])
        axes = broadcast_all([t.shape for t in given.tensors], out.shape)
        sizes = [DTYPES[t.dtype].itemsize for t in given.tensors]
        in_bytes = tuple(tuple(n * size for n in own) for own, size in zip(axes.steps, sizes, strict=True))
        order = sorted(range(3), key=lambda i: graph.tensor(op.inputs[i]).is_constant)
        return Invocation(
            kernel=self.name,
            function="mcugen_where",
            source="portable/elementwise/where.c",
            params_type="mcugen_where_params",
            params={
                **axes._replace(steps=in_bytes).params(),
                "role": tuple(order.index(i) for i in range(3)),
                "element_bytes": DTYPES[out.dtype].itemsize,
            },
            inputs=given.inputs,
            constants=byte_constants(given.constants),
            outputs=(out.name,),
            overlaps=in_place(given.tensors, given.inputs, out),
            as_bytes=True,
        )

    def cost(self, op: Operator, graph: Graph) -> float:
        out = graph.tensor(op.outputs[0])
        return 10.0 * out.elements + 4.0 * out.size_bytes
