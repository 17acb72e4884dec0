"""Values at places that are known at run time, on any CPU."""

from __future__ import annotations

import math
from typing import ClassVar

from mcugen.graph.graph import Graph
from mcugen.graph.ops import Gather, GatherElements
from mcugen.graph.ops.base import Operator
from mcugen.graph.tensor import DTYPES
from mcugen.kernels.base import Invocation
from mcugen.kernels.portable.common import PortableKernel, operands
from mcugen.kernels.portable.elementwise.integer import byte_constants


class GatherPortable(PortableKernel):
    """mcugen_gather."""

    name: ClassVar[str] = "gather.portable"
    operator: ClassVar[type[Operator]] = Gather
    any_type: ClassVar[bool] = True
    function: ClassVar[str] = "mcugen_gather"
    limits: ClassVar[str] = "ids that are no constants"

    def fits(self, op: Operator, graph: Graph) -> bool:
        return not graph.tensor(op.inputs[0]).is_constant

    def invoke(self, op: Operator, graph: Graph) -> Invocation:
        assert isinstance(op, Gather | GatherElements)
        given, out = operands(op, graph), graph.tensor(op.outputs[0])
        ids, data = given.tensors
        return Invocation(
            kernel=self.name,
            function=self.function,
            source="portable/movement/gather.c",
            params_type="mcugen_gather_params",
            params={
                "outer": math.prod(data.shape[: op.axis]),
                "size": data.shape[op.axis],
                "inner": math.prod(data.shape[op.axis + 1 :]),
                "count": ids.shape[op.axis] if isinstance(op, GatherElements) else ids.elements,
                "element_bytes": DTYPES[data.dtype].itemsize,
                "id_bytes": DTYPES[ids.dtype].itemsize,
            },
            inputs=given.inputs,
            constants=byte_constants(given.constants),
            outputs=(out.name,),
            as_bytes=True,
        )

    def cost(self, op: Operator, graph: Graph) -> float:
        assert isinstance(op, Gather | GatherElements)
        data, out = graph.tensor(op.inputs[1]), graph.tensor(op.outputs[0])
        rows = out.elements / math.prod(data.shape[op.axis + 1 :])
        return 25.0 * rows + 1.2 * out.size_bytes


class GatherElementsPortable(GatherPortable):
    """mcugen_gather_elements."""

    name: ClassVar[str] = "gather_elements.portable"
    operator: ClassVar[type[Operator]] = GatherElements
    function: ClassVar[str] = "mcugen_gather_elements"

    def cost(self, op: Operator, graph: Graph) -> float:
        return 15.0 * graph.tensor(op.outputs[0]).elements
