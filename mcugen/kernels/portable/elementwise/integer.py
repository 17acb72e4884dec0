"""Plain integers and booleans on any CPU, and what needs no more than comparing integers."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

import numpy as np

from mcugen.graph.graph import Graph
from mcugen.graph.ops.base import Operator
from mcugen.graph.ops.elementwise.compare import Compare
from mcugen.graph.ops.elementwise.from_integer import FromInteger
from mcugen.graph.ops.elementwise.integer import OPERATIONS, Cast, Integer, Maximum, Minimum
from mcugen.graph.tensor import DTYPES, Tensor
from mcugen.kernels.base import Constant, Invocation, Overlap
from mcugen.kernels.portable.broadcast import broadcast_all, in_place
from mcugen.kernels.portable.common import Operands, PortableKernel, operands

_CODES = {name: code for code, name in enumerate(OPERATIONS)}


def swapped(op: Operator, graph: Graph) -> int:
    """1 when the second of two operands comes first in the call, because the first is a constant."""
    first, second = (graph.tensor(n).is_constant for n in op.inputs)
    return int(first and not second)


class IntegerPortable(PortableKernel):
    """mcugen_integer."""

    name: ClassVar[str] = "integer.portable"
    operator: ClassVar[type[Operator]] = Integer
    any_type: ClassVar[bool] = True

    def invoke(self, op: Operator, graph: Graph) -> Invocation:
        assert isinstance(op, Integer | Maximum | Minimum)
        return self.call(op.operation, operands(op, graph), graph.tensor(op.outputs[0]), swapped(op, graph))

    def call(self, operation: str, given: Operands, out: Tensor, reverse: int) -> Invocation:
        first, second = given.tensors
        return Invocation(
            kernel=self.name,
            function="mcugen_integer",
            source="portable/elementwise/integer.c",
            params_type="mcugen_integer_params",
            params={
                **broadcast_all((first.shape, second.shape), out.shape).params(),
                "bytes0": _bytes(first),
                "bytes1": _bytes(second),
                "output_bytes": _bytes(out),
                "operation": _CODES[operation],
                "swapped": reverse,
                "boolean": int(out.dtype == "bool"),
            },
            inputs=given.inputs,
            constants=byte_constants(given.constants),
            outputs=(out.name,),
            overlaps=in_place(given.tensors, given.inputs, out),
            as_bytes=True,
        )

    def cost(self, op: Operator, graph: Graph) -> float:
        return 12.0 * graph.tensor(op.outputs[0]).elements


class MaximumPortable(IntegerPortable):
    """mcugen_integer."""

    name: ClassVar[str] = "maximum.portable"
    operator: ClassVar[type[Operator]] = Maximum


class MinimumPortable(IntegerPortable):
    """mcugen_integer."""

    name: ClassVar[str] = "minimum.portable"
    operator: ClassVar[type[Operator]] = Minimum


class CompareInt16Portable(IntegerPortable):
    """mcugen_integer: of one scale, integers are in the order of real numbers."""

    name: ClassVar[str] = "compare_s16.portable"
    operator: ClassVar[type[Operator]] = Compare

    def fits(self, op: Operator, graph: Graph) -> bool:
        first, second = graph.input_tensors(op)
        return first.dtype == "int16" and first.quantization == second.quantization

    def invoke(self, op: Operator, graph: Graph) -> Invocation:
        assert isinstance(op, Compare)
        return self.call(op.operation, operands(op, graph), graph.tensor(op.outputs[0]), swapped(op, graph))


class CastPortable(IntegerPortable):
    """mcugen_integer: a sum with 0, or the comparison with it."""

    name: ClassVar[str] = "cast.portable"
    operator: ClassVar[type[Operator]] = Cast

    def invoke(self, op: Operator, graph: Graph) -> Invocation:
        x, out = graph.tensor(op.inputs[0]), graph.tensor(op.outputs[0])
        given = operands(op, graph)
        zero = np.zeros((1,), DTYPES[x.dtype])
        both = (given.tensors[0], Tensor("zero", (1,), x.dtype, None, zero))
        constants = (*given.constants, Constant("zero", zero, zero.itemsize))
        return self.call("ne" if out.dtype == "bool" else "add", Operands(both, given.inputs, constants), out, 0)


class FromIntegerPortable(PortableKernel):
    """mcugen_from_integer."""

    name: ClassVar[str] = "from_integer.portable"
    operator: ClassVar[type[Operator]] = FromInteger
    any_type: ClassVar[bool] = True

    def invoke(self, op: Operator, graph: Graph) -> Invocation:
        assert isinstance(op, FromInteger)
        given, out = operands(op, graph), graph.tensor(op.outputs[0])
        multiplier, shift = op.requantization([out])
        return Invocation(
            kernel=self.name,
            function="mcugen_from_integer",
            source="portable/elementwise/from_integer.c",
            params_type="mcugen_from_integer_params",
            params={
                "elements": out.elements,
                "element_bytes": _bytes(given.tensors[0]),
                "multiplier": multiplier,
                "shift": shift,
                "output_zero_point": out.zero_point,
            },
            inputs=given.inputs,
            constants=byte_constants(given.constants),
            outputs=(out.name,),
            # Element i is written at or below the bytes of element i.
            overlaps=(Overlap(0, 0),) if given.inputs else (),
            as_bytes=True,
        )

    def cost(self, op: Operator, graph: Graph) -> float:
        return 16.0 * graph.tensor(op.outputs[0]).elements


def _bytes(tensor: Tensor) -> int:
    return DTYPES[tensor.dtype].itemsize


def byte_constants(constants: Sequence[Constant]) -> tuple[Constant, ...]:
    """Constants as the kernels take them: little-endian bytes."""
    little = [c.data.astype(c.data.dtype.newbyteorder("<")) for c in constants]
    return tuple(Constant(c.role, data.view(np.int8), c.alignment) for c, data in zip(constants, little, strict=True))
