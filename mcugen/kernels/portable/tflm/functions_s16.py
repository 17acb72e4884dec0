"""Functions of one int16 element in TensorFlow Lite Micro's own arithmetic, on any CPU."""

from __future__ import annotations

from typing import ClassVar

from mcugen.graph.graph import Graph
from mcugen.graph.ops.base import Operator
from mcugen.graph.ops.tflm.inverse_root import InverseRoot
from mcugen.graph.ops.tflm.slopes import Slopes
from mcugen.kernels.base import Invocation, Overlap
from mcugen.kernels.portable.common import PortableKernel, operands


class SlopesPortable(PortableKernel):
    """mcugen_slopes_s16."""

    name: ClassVar[str] = "slopes_s16.portable"
    operator: ClassVar[type[Operator]] = Slopes
    wide: ClassVar[bool] = True

    def invoke(self, op: Operator, graph: Graph) -> Invocation:
        assert isinstance(op, Slopes)
        given, out = operands(op, graph), graph.tensor(op.outputs[0])
        signs, multipliers, shifts = zip(*op.multipliers(), strict=True)
        return Invocation(
            kernel=self.name,
            function="mcugen_slopes_s16",
            source="portable/tflm/slopes_s16.c",
            params_type="mcugen_slopes_params",
            params={
                "elements": out.elements,
                "magnitude": int(op.magnitude),
                "sign": signs,
                "multiplier": multipliers,
                "shift": shifts,
                "clamp_min": op.clamp[0],
                "clamp_max": op.clamp[1],
            },
            inputs=given.inputs,
            constants=given.constants,
            outputs=(out.name,),
            overlaps=(Overlap(0, 0),) if given.inputs else (),
        )

    def cost(self, op: Operator, graph: Graph) -> float:
        return 22.0 * graph.tensor(op.outputs[0]).elements


class InverseRootPortable(PortableKernel):
    """mcugen_inverse_root_s16."""

    name: ClassVar[str] = "inverse_root_s16.portable"
    operator: ClassVar[type[Operator]] = InverseRoot
    wide: ClassVar[bool] = True

    def invoke(self, op: Operator, graph: Graph) -> Invocation:
        assert isinstance(op, InverseRoot)
        given, out = operands(op, graph), graph.tensor(op.outputs[0])
        multiplier, shift = op.requantization(given.tensors, [out])
        return Invocation(
            kernel=self.name,
            function="mcugen_inverse_root_s16",
            source="portable/tflm/inverse_root_s16.c",
            params_type="mcugen_inverse_root_params",
            params={"elements": out.elements, "multiplier": multiplier, "shift": shift},
            inputs=given.inputs,
            constants=given.constants,
            outputs=(out.name,),
            overlaps=(Overlap(0, 0),) if given.inputs else (),
        )

    def cost(self, op: Operator, graph: Graph) -> float:
        return 300.0 * graph.tensor(op.outputs[0]).elements
