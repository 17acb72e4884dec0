"""Change of scale and zero point on any CPU: by arithmetic, and by a table."""

from __future__ import annotations

from typing import ClassVar

import numpy as np

from mcugen.graph.graph import Graph
from mcugen.graph.ops.base import Operator
from mcugen.graph.ops.elementwise.requantize import Requantize
from mcugen.kernels.base import Constant, Invocation, Overlap
from mcugen.kernels.portable.common import PortableKernel, operands


class RequantizePortable(PortableKernel):
    """mcugen_requantize_s8: by arithmetic."""

    name: ClassVar[str] = "requantize_s8.portable"
    operator: ClassVar[type[Operator]] = Requantize

    def invoke(self, op: Operator, graph: Graph) -> Invocation:
        assert isinstance(op, Requantize)
        given, out = operands(op, graph), graph.tensor(op.outputs[0])
        multiplier, shift = op.requantization(given.tensors, [out])
        return Invocation(
            kernel=self.name,
            function="mcugen_requantize_s8",
            source="portable/elementwise/requantize_s8.c",
            params_type="mcugen_requantize_params",
            params={
                "elements": out.elements,
                "input_zero_point": given.tensors[0].zero_point,
                "output_zero_point": out.zero_point,
                "multiplier": multiplier,
                "shift": shift,
                "clamp_min": op.clamp[0],
                "clamp_max": op.clamp[1],
            },
            inputs=given.inputs,
            constants=given.constants,
            outputs=(out.name,),
            overlaps=(Overlap(0, 0),) if given.inputs else (),
        )

    def cost(self, op: Operator, graph: Graph) -> float:
        return 20.0 * graph.tensor(op.outputs[0]).elements


class RequantizeLookupPortable(PortableKernel):
    """mcugen_lookup_s8 with the requantization of all 256 elements as its table."""

    name: ClassVar[str] = "lookup_s8.portable"
    operator: ClassVar[type[Operator]] = Requantize

    def invoke(self, op: Operator, graph: Graph) -> Invocation:
        given, out = operands(op, graph), graph.tensor(op.outputs[0])
        # At its unsigned value: 0 ... 127, -128 ... -1.
        elements = np.arange(256, dtype=np.uint8).view(np.int8)
        (table,) = op.reference([elements], given.tensors, [out])
        return Invocation(
            kernel=self.name,
            function="mcugen_lookup_s8",
            source="portable/elementwise/lookup_s8.c",
            params_type="mcugen_lookup_params",
            params={"elements": out.elements},
            inputs=given.inputs,
            constants=(*given.constants, Constant("table", table, 1)),
            outputs=(out.name,),
            overlaps=(Overlap(0, 0),) if given.inputs else (),
        )

    def cost(self, op: Operator, graph: Graph) -> float:
        return 5.0 * graph.tensor(op.outputs[0]).elements
