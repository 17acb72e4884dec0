"""Fully connected on any CPU."""

from __future__ import annotations

from typing import ClassVar

from mcugen.graph.graph import Graph
from mcugen.graph.ops.base import Operator
from mcugen.graph.ops.linear.fully_connected import FullyConnected
from mcugen.kernels.base import Invocation, Overlap
from mcugen.kernels.portable.matrix import columns_cost, columns_distance
from mcugen.kernels.portable.weighted import WeightedKernel, pack_weighted, weight_bits


class FullyConnectedPortable(WeightedKernel):
    """mcugen_fully_connected_s8: the input's rows are the columns of the matrix product."""

    name: ClassVar[str] = "fully_connected_s8.portable"
    operator: ClassVar[type[Operator]] = FullyConnected

    def invoke(self, op: Operator, graph: Graph) -> Invocation:
        assert isinstance(op, FullyConnected)
        tensors = graph.input_tensors(op)
        x, weights, out = tensors[0], tensors[1], graph.tensor(op.outputs[0])
        output_c, input_c = weights.shape
        rows = op.rows(tensors)
        bias = tensors[2].data if len(tensors) > 2 else None
        packed = pack_weighted(weights, 0, bias, op.requantization(tensors, [out]), x, out, op.clamp)
        return Invocation(
            kernel=self.name,
            function="mcugen_fully_connected_s8",
            source="portable/linear/fully_connected_s8.c",
            params_type="mcugen_fully_connected_params",
            params={
                "rows": rows,
                "input_c": input_c,
                "output_c": output_c,
                "output_zero_point": out.zero_point,
                "clamp_min": op.clamp[0],
                "clamp_max": op.clamp[1],
                "general_requantization": int(packed.general),
                "weight_bits": weight_bits(weights),
            },
            inputs=(x.name,),
            constants=packed.constants,
            outputs=(out.name,),
            overlaps=(Overlap(0, columns_distance(1, 0, rows, input_c, output_c)),),
        )

    def cost(self, op: Operator, graph: Graph) -> float:
        assert isinstance(op, FullyConnected)
        output_c, input_c = graph.tensor(op.inputs[1]).shape
        return columns_cost(op.rows(graph.input_tensors(op)), input_c, output_c)


class FullyConnectedS4Portable(FullyConnectedPortable):
    """The same with int4 weights, two a byte."""

    name: ClassVar[str] = "fully_connected_s4.portable"
    weight_dtype: ClassVar[str] = "int4"
