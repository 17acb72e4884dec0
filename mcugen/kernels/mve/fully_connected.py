"""Fully connected on Helium."""

from __future__ import annotations

from typing import ClassVar

from mcugen.boards.board import Cpu
from mcugen.graph.graph import Graph
from mcugen.graph.ops.base import Operator
from mcugen.graph.ops.linear.fully_connected import FullyConnected
from mcugen.kernels.base import Constant, Invocation, Kernel, Overlap, ParamValue
from mcugen.kernels.fields import zero_point_fields
from mcugen.kernels.mve import gemm
from mcugen.kernels.mve.channels import lane_channels
from mcugen.kernels.mve.common import has_vectors
from mcugen.kernels.mve.conv2d_1x1 import pairs_distance, rows_cost
from mcugen.kernels.portable.weighted import weight_bits


class FullyConnectedMve(Kernel):
    """mcugen_mve_fully_connected_s8: a matrix product over rows of the input, which are copied."""

    name: ClassVar[str] = "fully_connected_s8.mve"
    library: ClassVar[str] = "mve"
    operator: ClassVar[type[Operator]] = FullyConnected

    def supports(self, op: Operator, graph: Graph, cpu: Cpu) -> bool:
        return isinstance(op, FullyConnected) and has_vectors(cpu)

    def invoke(self, op: Operator, graph: Graph) -> Invocation:
        assert isinstance(op, FullyConnected)
        output_c, depth = graph.tensor(op.inputs[1]).shape
        rows = op.rows(graph.input_tensors(op))
        params, weights = _packed(op, graph)
        return Invocation(
            kernel=self.name,
            function="mcugen_mve_fully_connected_s8",
            source="mve/linear/fully_connected_s8.c",
            params_type="mcugen_mve_fully_connected_params",
            params=params,
            inputs=(op.inputs[0],),
            constants=(weights,),
            outputs=op.outputs,
            scratch_bytes=min(rows, 2) * gemm.LANES * gemm.chunks(depth),
            overlaps=(Overlap(0, pairs_distance([row * depth for row in range(rows)], output_c, rows)),),
        )

    def cost(self, op: Operator, graph: Graph) -> float:
        assert isinstance(op, FullyConnected)
        output_c, depth = graph.tensor(op.inputs[1]).shape
        return rows_cost(op.rows(graph.input_tensors(op)), depth, output_c)


class FullyConnectedVectorMve(Kernel):
    """mcugen_mve_fully_connected_vector_s8: one row, read as it lies in memory. No scratch, no overlap."""

    name: ClassVar[str] = "fully_connected_vector_s8.mve"
    library: ClassVar[str] = "mve"
    operator: ClassVar[type[Operator]] = FullyConnected

    def supports(self, op: Operator, graph: Graph, cpu: Cpu) -> bool:
        if not isinstance(op, FullyConnected) or not has_vectors(cpu):
            return False
        tensors = graph.input_tensors(op)
        return op.rows(tensors) == 1 and tensors[1].shape[1] % gemm.LANES == 0

    def invoke(self, op: Operator, graph: Graph) -> Invocation:
        assert isinstance(op, FullyConnected)
        params, weights = _packed(op, graph)
        return Invocation(
            kernel=self.name,
            function="mcugen_mve_fully_connected_vector_s8",
            source="mve/linear/fully_connected_vector_s8.c",
            params_type="mcugen_mve_fully_connected_params",
            params=params,
            inputs=(op.inputs[0],),
            constants=(weights,),
            outputs=op.outputs,
        )

    def cost(self, op: Operator, graph: Graph) -> float:
        output_c, depth = graph.tensor(op.inputs[1]).shape
        return gemm.instructions(0, 1, depth, output_c) + 20


class FullyConnectedS4Mve(FullyConnectedMve):
    """The same with int4 weights, two a byte."""

    name: ClassVar[str] = "fully_connected_s4.mve"
    weight_dtype: ClassVar[str] = "int4"


class FullyConnectedVectorS4Mve(FullyConnectedVectorMve):
    """The same with int4 weights, two a byte."""

    name: ClassVar[str] = "fully_connected_vector_s4.mve"
    weight_dtype: ClassVar[str] = "int4"


def _packed(op: FullyConnected, graph: Graph) -> tuple[dict[str, ParamValue], Constant]:
    """The fields of struct mcugen_mve_fully_connected_params, and the weight stream."""
    tensors = graph.input_tensors(op)
    x, weights, out = tensors[0], tensors[1], graph.tensor(op.outputs[0])
    assert weights.data is not None
    bias = tensors[2].data if len(tensors) > 2 else None
    channels = lane_channels(weights.data, bias, op.requantization(tensors, [out]), x)
    params: dict[str, ParamValue] = {
        "rows": op.rows(tensors),
        "input_c": weights.shape[1],
        "output_c": weights.shape[0],
        **zero_point_fields(op, graph),
        "general_requantization": int(channels.general),
        "weight_bits": weight_bits(weights),
    }
    return params, gemm.weight_stream(channels, bits=weight_bits(weights))
