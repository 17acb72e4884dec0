"""Product of two tensors on any CPU."""

from __future__ import annotations

from typing import ClassVar

from mcugen.graph.graph import Graph
from mcugen.graph.ops.base import Operator
from mcugen.graph.ops.elementwise.mul import Mul
from mcugen.kernels.base import Invocation
from mcugen.kernels.portable.broadcast import RANK, broadcast, in_place
from mcugen.kernels.portable.common import PortableKernel, operands


class MulPortable(PortableKernel):
    """mcugen_mul_s8. A constant is always the second input."""

    name: ClassVar[str] = "mul_s8.portable"
    operator: ClassVar[type[Operator]] = Mul
    limits: ClassVar[str] = f"broadcasting over at most {RANK} groups of axes"

    def fits(self, op: Operator, graph: Graph) -> bool:
        first, second = (t.shape for t in operands(op, graph).tensors)
        return len(broadcast(first, second, graph.tensor(op.outputs[0]).shape).shape) <= RANK

    def invoke(self, op: Operator, graph: Graph) -> Invocation:
        assert isinstance(op, Mul)
        given, out = operands(op, graph), graph.tensor(op.outputs[0])
        multiplier, shift = op.requantization(given.tensors, [out])
        return Invocation(
            kernel=self.name,
            function="mcugen_mul_s8",
            source="portable/elementwise/mul_s8.c",
            params_type="mcugen_mul_params",
            params={
                **broadcast(given.tensors[0].shape, given.tensors[1].shape, out.shape).params(),
                "input0_zero_point": given.tensors[0].zero_point,
                "input1_zero_point": given.tensors[1].zero_point,
                "output_zero_point": out.zero_point,
                "multiplier": multiplier,
                "shift": shift,
                "clamp_min": op.clamp[0],
                "clamp_max": op.clamp[1],
            },
            inputs=given.inputs,
            constants=given.constants,
            outputs=(out.name,),
            overlaps=in_place(given.tensors, given.inputs, out),
        )

    def cost(self, op: Operator, graph: Graph) -> float:
        return 24.0 * graph.tensor(op.outputs[0]).elements
