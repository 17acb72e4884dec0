"""Squared differences and quotients of two tensors on any CPU."""

from __future__ import annotations

from typing import ClassVar

from mcugen.graph.graph import Graph
from mcugen.graph.ops.base import Operator
from mcugen.graph.ops.tflm.div import TflmDiv
from mcugen.graph.ops.tflm.squared_difference import SquaredDifference
from mcugen.kernels.base import Constant, Invocation
from mcugen.kernels.portable.broadcast import broadcast, in_place
from mcugen.kernels.portable.common import PortableKernel, operands
from mcugen.kernels.portable.elementwise.integer import swapped
from mcugen.kernels.portable.elementwise.pairs import by_unsigned
from mcugen.kernels.portable.int16 import OnInt16


class SquaredDifferencePortable(PortableKernel):
    """mcugen_squared_difference_s8: two kilobytes of scaled integers."""

    name: ClassVar[str] = "squared_difference_s8.portable"
    operator: ClassVar[type[Operator]] = SquaredDifference

    def invoke(self, op: Operator, graph: Graph) -> Invocation:
        assert isinstance(op, SquaredDifference)
        given, out = operands(op, graph), graph.tensor(op.outputs[0])
        multiplier, shift = op.requantization(given.tensors, [out])
        tables = [Constant(f"scaled{i}", by_unsigned(t)) for i, t in enumerate(op.scaled(given.tensors))]
        return Invocation(
            kernel=self.name,
            function="mcugen_squared_difference_s8",
            source="portable/tflm/squared_difference_s8.c",
            params_type="mcugen_squared_difference_params",
            params={
                **broadcast(given.tensors[0].shape, given.tensors[1].shape, out.shape).params(),
                "multiplier": multiplier,
                "shift": shift,
                "output_zero_point": out.zero_point,
            },
            inputs=given.inputs,
            constants=(*given.constants, *tables),
            outputs=(out.name,),
            overlaps=in_place(given.tensors, given.inputs, out),
        )

    def cost(self, op: Operator, graph: Graph) -> float:
        return 26.0 * graph.tensor(op.outputs[0]).elements


class SquaredDifferenceInt16Portable(OnInt16):
    """mcugen_squared_difference_s16."""

    name: ClassVar[str] = "squared_difference_s16.portable"
    operator: ClassVar[type[Operator]] = SquaredDifference

    def invoke(self, op: Operator, graph: Graph) -> Invocation:
        assert isinstance(op, SquaredDifference)
        given, out = operands(op, graph), graph.tensor(op.outputs[0])
        first, second = op.scaling(given.tensors)
        multiplier, shift = op.requantization(given.tensors, [out])
        return Invocation(
            kernel=self.name,
            function="mcugen_squared_difference_s16",
            source="portable/tflm/squared_difference_s16.c",
            params_type="mcugen_squared_difference_s16_params",
            params={
                **broadcast(given.tensors[0].shape, given.tensors[1].shape, out.shape).params(),
                "multiplier0": first[0],
                "shift0": first[1],
                "multiplier1": second[0],
                "shift1": second[1],
                "multiplier": multiplier,
                "shift": shift,
            },
            inputs=given.inputs,
            constants=given.constants,
            outputs=(out.name,),
            overlaps=in_place(given.tensors, given.inputs, out),
        )

    def cost(self, op: Operator, graph: Graph) -> float:
        return 40.0 * graph.tensor(op.outputs[0]).elements


class TflmDivPortable(PortableKernel):
    """mcugen_tflm_div_s8: two kilobytes of reciprocals and their shifts."""

    name: ClassVar[str] = "tflm_div_s8.portable"
    operator: ClassVar[type[Operator]] = TflmDiv

    def invoke(self, op: Operator, graph: Graph) -> Invocation:
        assert isinstance(op, TflmDiv)
        given, inputs, out = operands(op, graph), graph.input_tensors(op), graph.tensor(op.outputs[0])
        multiplier, shift = op.multiplier(inputs, [out])
        inverses, bits = op.reciprocals(inputs[1])
        return Invocation(
            kernel=self.name,
            function="mcugen_tflm_div_s8",
            source="portable/tflm/div_s8.c",
            params_type="mcugen_tflm_div_params",
            params={
                **broadcast(given.tensors[0].shape, given.tensors[1].shape, out.shape).params(),
                "numerator_zero_point": inputs[0].zero_point,
                "output_zero_point": out.zero_point,
                "multiplier": multiplier,
                "shift": shift,
                "swapped": swapped(op, graph),
            },
            inputs=given.inputs,
            constants=(
                *given.constants,
                Constant("inverses", by_unsigned(inverses)),
                Constant("bits", by_unsigned(bits)),
            ),
            outputs=(out.name,),
            overlaps=in_place(given.tensors, given.inputs, out),
        )

    def cost(self, op: Operator, graph: Graph) -> float:
        return 120.0 * graph.tensor(op.outputs[0]).elements
