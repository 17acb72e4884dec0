"""Comparison, division and parametric relu of two tensors on any CPU."""

from __future__ import annotations

from typing import ClassVar

import numpy as np

from mcugen.graph.graph import Graph
from mcugen.graph.ops.base import Operator
from mcugen.graph.ops.elementwise.compare import Compare
from mcugen.graph.ops.elementwise.div import Div
from mcugen.graph.ops.elementwise.prelu import Prelu
from mcugen.graph.tensor import IntArray
from mcugen.kernels.base import Constant, Invocation, ParamValue
from mcugen.kernels.portable.broadcast import broadcast, in_place
from mcugen.kernels.portable.common import PortableKernel, operands
from mcugen.kernels.portable.elementwise.integer import swapped

# Less, equal, greater: 1, 2, 4.
WANTED = {"eq": 2, "ne": 5, "lt": 1, "le": 3, "gt": 4, "ge": 6}
MIRRORED = {"lt": "gt", "gt": "lt", "le": "ge", "ge": "le", "eq": "eq", "ne": "ne"}


class _Pairs(PortableKernel):
    """Attributes:
    suffix: of the C function and its file.
    """

    suffix: ClassVar[str] = "s8"


def _invocation(
    kernel: _Pairs, stem: str, op: Operator, graph: Graph, params: dict[str, ParamValue], *tables: Constant
) -> Invocation:
    given, out = operands(op, graph), graph.tensor(op.outputs[0])
    return Invocation(
        kernel=kernel.name,
        function=f"mcugen_{stem}_{kernel.suffix}",
        source=f"portable/elementwise/{stem}_{kernel.suffix}.c",
        params_type=f"mcugen_{stem}_params",
        params={**broadcast(given.tensors[0].shape, given.tensors[1].shape, out.shape).params(), **params},
        inputs=given.inputs,
        constants=(*given.constants, *tables),
        outputs=(out.name,),
        overlaps=in_place(given.tensors, given.inputs, out),
    )


def by_unsigned(table: IntArray) -> IntArray:
    """From the order -128 ... 127 to that of the unsigned value: 0 ... 127, -128 ... -1."""
    return np.roll(table, 128)


class ComparePortable(_Pairs):
    """mcugen_compare_s8: a kilobyte of ranks."""

    name: ClassVar[str] = "compare_s8.portable"
    operator: ClassVar[type[Operator]] = Compare
    any_type: ClassVar[bool] = True

    def fits(self, op: Operator, graph: Graph) -> bool:
        return all(t.dtype == "int8" for t in graph.input_tensors(op))

    def invoke(self, op: Operator, graph: Graph) -> Invocation:
        assert isinstance(op, Compare)
        operation = MIRRORED[op.operation] if swapped(op, graph) else op.operation
        tables = [Constant(f"rank{i}", by_unsigned(t)) for i, t in enumerate(op.ranks(operands(op, graph).tensors))]
        invocation = _invocation(self, "compare", op, graph, {"wanted": WANTED[operation]}, *tables)
        return invocation

    def cost(self, op: Operator, graph: Graph) -> float:
        return 14.0 * graph.tensor(op.outputs[0]).elements


class DivPortable(_Pairs):
    """mcugen_div_s8: a kilobyte of reciprocals."""

    name: ClassVar[str] = "div_s8.portable"
    operator: ClassVar[type[Operator]] = Div

    def invoke(self, op: Operator, graph: Graph) -> Invocation:
        assert isinstance(op, Div)
        inputs, out = graph.input_tensors(op), graph.tensor(op.outputs[0])
        params: dict[str, ParamValue] = {
            "numerator_zero_point": inputs[0].zero_point,
            "output_zero_point": out.zero_point,
            "swapped": swapped(op, graph),
        }
        table = Constant("reciprocals", by_unsigned(op.reciprocals(inputs, [out])))
        return _invocation(self, "div", op, graph, params, table)

    def cost(self, op: Operator, graph: Graph) -> float:
        return 22.0 * graph.tensor(op.outputs[0]).elements


class PreluPortable(_Pairs):
    """mcugen_prelu_s8."""

    name: ClassVar[str] = "prelu_s8.portable"
    operator: ClassVar[type[Operator]] = Prelu
    limits: ClassVar[str] = "an activation as its first input"

    def fits(self, op: Operator, graph: Graph) -> bool:
        return not graph.tensor(op.inputs[0]).is_constant

    def invoke(self, op: Operator, graph: Graph) -> Invocation:
        assert isinstance(op, Prelu)
        (x, slope), out = graph.input_tensors(op), graph.tensor(op.outputs[0])
        positive, negative = op.requantization([x, slope], [out])
        params: dict[str, ParamValue] = {
            "input_zero_point": x.zero_point,
            "slope_zero_point": slope.zero_point,
            "output_zero_point": out.zero_point,
            "multiplier": positive[0],
            "shift": positive[1],
            "slope_multiplier": negative[0],
            "slope_shift": negative[1],
        }
        return _invocation(self, "prelu", op, graph, params)

    def cost(self, op: Operator, graph: Graph) -> float:
        return 25.0 * graph.tensor(op.outputs[0]).elements
