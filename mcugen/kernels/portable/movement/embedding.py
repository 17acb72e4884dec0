"""Rows of a table on any CPU."""

from __future__ import annotations

from typing import ClassVar

from mcugen.graph.graph import Graph
from mcugen.graph.ops import Embedding
from mcugen.graph.ops.base import Operator
from mcugen.graph.tensor import DTYPES
from mcugen.kernels.base import Invocation
from mcugen.kernels.portable.common import PortableKernel, operands


class EmbeddingPortable(PortableKernel):
    """mcugen_embedding_s8."""

    name: ClassVar[str] = "embedding_s8.portable"
    operator: ClassVar[type[Operator]] = Embedding
    any_type: ClassVar[bool] = True

    def fits(self, op: Operator, graph: Graph) -> bool:
        return not graph.tensor(op.inputs[0]).is_constant

    def invoke(self, op: Operator, graph: Graph) -> Invocation:
        given, out = operands(op, graph), graph.tensor(op.outputs[0])
        ids, table = given.tensors
        return Invocation(
            kernel=self.name,
            function="mcugen_embedding_s8",
            source="portable/movement/embedding_s8.c",
            params_type="mcugen_embedding_params",
            params={
                "count": ids.elements,
                "id_bytes": DTYPES[ids.dtype].itemsize,
                "row_bytes": table.shape[1] * DTYPES[table.dtype].itemsize,
            },
            inputs=given.inputs,
            constants=given.constants,
            outputs=(out.name,),
            as_bytes=True,
        )

    def cost(self, op: Operator, graph: Graph) -> float:
        return 20.0 * graph.tensor(op.inputs[0]).elements + 1.2 * graph.tensor(op.outputs[0]).size_bytes
