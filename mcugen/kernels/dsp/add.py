"""Addition and subtraction through tables on DSP instructions."""

from __future__ import annotations

from typing import ClassVar

from mcugen.boards.board import Cpu
from mcugen.graph.arithmetic import INT32_MAX
from mcugen.graph.graph import Graph
from mcugen.graph.ops.base import Operator
from mcugen.graph.ops.elementwise.add import Add, Sub, Sum
from mcugen.kernels.base import Constant, Invocation
from mcugen.kernels.portable.broadcast import broadcast, in_place
from mcugen.kernels.portable.common import operands
from mcugen.kernels.portable.elementwise.add import AddTablePortable, element_tables, sums_are_fast


class AddTableDsp(AddTablePortable):
    """mcugen_dsp_add_table_s8: tables of doubled elements, whose sum is scaled by one instruction."""

    name: ClassVar[str] = "add_table_s8.dsp"
    library: ClassVar[str] = "dsp"
    operator: ClassVar[type[Operator]] = Add

    def supports(self, op: Operator, graph: Graph, cpu: Cpu) -> bool:
        if not cpu.dsp or not super().supports(op, graph, cpu):
            return False
        assert isinstance(op, Sum)
        tables, out = element_tables(op, graph), graph.tensor(op.outputs[0])
        q = op.requantization(graph.input_tensors(op), [out])
        largest = sum(int(abs(t.astype("int64")).max()) for t in tables)
        return 2 * largest <= INT32_MAX and sums_are_fast(tables, q, out.zero_point)

    def invoke(self, op: Operator, graph: Graph) -> Invocation:
        assert isinstance(op, Sum)
        given, out = operands(op, graph), graph.tensor(op.outputs[0])
        q = op.requantization(graph.input_tensors(op), [out])
        tables = [Constant(f"table{i}", 2 * t) for i, t in enumerate(element_tables(op, graph))]
        return Invocation(
            kernel=self.name,
            function="mcugen_dsp_add_table_s8",
            source="dsp/elementwise/add_table_s8.c",
            params_type="mcugen_dsp_add_table_params",
            params={
                **broadcast(given.tensors[0].shape, given.tensors[1].shape, out.shape).params(),
                "output_zero_point": out.zero_point,
                "output_multiplier": q.output_multiplier,
                "output_exponent": -q.output_shift,
                "clamp_min": op.clamp[0],
                "clamp_max": op.clamp[1],
            },
            inputs=given.inputs,
            constants=(*given.constants, *tables),
            outputs=(out.name,),
            overlaps=in_place(given.tensors, given.inputs, out),
        )

    def cost(self, op: Operator, graph: Graph) -> float:
        return 10.0 * graph.tensor(op.outputs[0]).elements


class SubTableDsp(AddTableDsp):
    """mcugen_dsp_add_table_s8 with a table of negated elements."""

    name: ClassVar[str] = "sub_table_s8.dsp"
    operator: ClassVar[type[Operator]] = Sub
