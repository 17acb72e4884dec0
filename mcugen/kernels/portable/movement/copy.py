"""Copies, and the reshape that copies nothing."""

from __future__ import annotations

from typing import ClassVar

from mcugen.graph.graph import Graph
from mcugen.graph.ops.base import Operator
from mcugen.graph.ops.movement.copy import Copy
from mcugen.graph.ops.movement.reshape import Reshape
from mcugen.kernels.base import Invocation
from mcugen.kernels.portable.common import PortableKernel, operands


class CopyPortable(PortableKernel):
    """mcugen_copy_s8."""

    name: ClassVar[str] = "copy_s8.portable"
    operator: ClassVar[type[Operator]] = Copy
    any_type: ClassVar[bool] = True

    def invoke(self, op: Operator, graph: Graph) -> Invocation:
        given, out = operands(op, graph), graph.tensor(op.outputs[0])
        return Invocation(
            kernel=self.name,
            function="mcugen_copy_s8",
            source="portable/movement/copy_s8.c",
            params_type="mcugen_copy_params",
            params={"elements": out.size_bytes},
            inputs=given.inputs,
            constants=given.constants,
            outputs=(out.name,),
            as_bytes=True,
            alias=isinstance(op, Reshape) and bool(given.inputs),
        )

    def cost(self, op: Operator, graph: Graph) -> float:
        return 1.0 * graph.tensor(op.outputs[0]).size_bytes


class ReshapePortable(CopyPortable):
    """Nothing runs: input and output are one buffer. Only a constant is copied."""

    name: ClassVar[str] = "reshape.portable"
    operator: ClassVar[type[Operator]] = Reshape

    def cost(self, op: Operator, graph: Graph) -> float:
        return 0.0
