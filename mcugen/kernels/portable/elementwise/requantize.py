"""Change of scale and zero point on any CPU: by arithmetic, and by a table."""

from __future__ import annotations

from typing import ClassVar

import numpy as np

from mcugen.boards.board import Cpu
from mcugen.graph.graph import Graph
from mcugen.graph.ops.base import Operator
from mcugen.graph.ops.elementwise.requantize import Requantize
from mcugen.graph.ops.elementwise.table import ELEMENTS
from mcugen.graph.tensor import DTYPES
from mcugen.kernels.base import Invocation, Overlap
from mcugen.kernels.portable.common import PortableKernel, operands
from mcugen.kernels.portable.elementwise.integer import byte_constants
from mcugen.kernels.portable.functions.table import lookup


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


class RequantizeWidePortable(PortableKernel):
    """mcugen_requantize_wide: from or to int16 or int32."""

    name: ClassVar[str] = "requantize_wide.portable"
    operator: ClassVar[type[Operator]] = Requantize
    wide: ClassVar[bool] = True

    def supports(self, op: Operator, graph: Graph, cpu: Cpu) -> bool:
        types = {t.dtype for t in (*graph.input_tensors(op), *graph.output_tensors(op))}
        wide = types != {"int8"} and "uint8" not in types
        return isinstance(op, Requantize) and wide

    def invoke(self, op: Operator, graph: Graph) -> Invocation:
        assert isinstance(op, Requantize)
        given, out = operands(op, graph), graph.tensor(op.outputs[0])
        (x,) = given.tensors
        multiplier, shift = op.requantization([x], [out])
        return Invocation(
            kernel=self.name,
            function="mcugen_requantize_wide",
            source="portable/elementwise/requantize_wide.c",
            params_type="mcugen_requantize_wide_params",
            params={
                "elements": out.elements,
                "input_bytes": DTYPES[x.dtype].itemsize,
                "input_zero_point": x.zero_point,
                "output_bytes": DTYPES[out.dtype].itemsize,
                "output_zero_point": out.zero_point,
                "multiplier": multiplier,
                "shift": shift,
                "clamp_min": op.clamp[0],
                "clamp_max": op.clamp[1],
            },
            inputs=given.inputs,
            constants=byte_constants(given.constants),
            outputs=(out.name,),
            as_bytes=True,
            overlaps=(Overlap(0, 0),) if given.inputs and out.size_bytes <= x.size_bytes else (),
        )

    def cost(self, op: Operator, graph: Graph) -> float:
        return 24.0 * graph.tensor(op.outputs[0]).elements


class RequantizeUnsignedPortable(PortableKernel):
    """mcugen_lookup_s8 over the bytes of a port that is uint8."""

    name: ClassVar[str] = "requantize_u8.portable"
    operator: ClassVar[type[Operator]] = Requantize

    def supports(self, op: Operator, graph: Graph, cpu: Cpu) -> bool:
        if not isinstance(op, Requantize):
            return False
        x, out = graph.tensor(op.inputs[0]), graph.tensor(op.outputs[0])
        return {x.dtype, out.dtype} == {"int8", "uint8"} and not x.is_constant

    def invoke(self, op: Operator, graph: Graph) -> Invocation:
        (x,), out = graph.input_tensors(op), graph.tensor(op.outputs[0])
        # What each byte is as a signed number, -128 ... 127, and as a number of the input's type.
        given = ELEMENTS.view(DTYPES[x.dtype])
        (table,) = op.reference([given], [x], [out])
        return lookup(self.name, x.name, table.view(np.int8), out.name, out.elements)

    def cost(self, op: Operator, graph: Graph) -> float:
        return 5.0 * graph.tensor(op.outputs[0]).elements


class RequantizeLookupPortable(PortableKernel):
    """mcugen_lookup_s8 with the requantization of all 256 elements as its table."""

    name: ClassVar[str] = "lookup_s8.portable"
    operator: ClassVar[type[Operator]] = Requantize

    def fits(self, op: Operator, graph: Graph) -> bool:
        return not graph.tensor(op.inputs[0]).is_constant

    def invoke(self, op: Operator, graph: Graph) -> Invocation:
        given, out = operands(op, graph), graph.tensor(op.outputs[0])
        (table,) = op.reference([ELEMENTS], given.tensors, [out])
        return lookup(self.name, given.inputs[0], table, out.name, out.elements)

    def cost(self, op: Operator, graph: Graph) -> float:
        return 5.0 * graph.tensor(op.outputs[0]).elements
