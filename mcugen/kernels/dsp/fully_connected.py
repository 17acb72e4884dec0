"""Fully connected on DSP instructions."""

from __future__ import annotations

from typing import ClassVar

from mcugen.boards.board import Cpu
from mcugen.graph.graph import Graph
from mcugen.graph.ops.base import Operator
from mcugen.graph.ops.linear.fully_connected import FullyConnected
from mcugen.kernels.base import Constant, Invocation, Kernel, Overlap, ParamValue
from mcugen.kernels.dsp import gemm
from mcugen.kernels.dsp.conv2d_1x1 import rows_cost, rows_distance
from mcugen.kernels.requantization import pack_channels


class FullyConnectedDsp(Kernel):
    """mcugen_dsp_fully_connected_s8: a matrix product over several rows of the input."""

    name: ClassVar[str] = "fully_connected_s8.dsp"
    library: ClassVar[str] = "dsp"
    operator: ClassVar[type[Operator]] = FullyConnected

    def supports(self, op: Operator, graph: Graph, cpu: Cpu) -> bool:
        return isinstance(op, FullyConnected) and cpu.dsp and op.rows(graph.input_tensors(op)) > 1

    def invoke(self, op: Operator, graph: Graph) -> Invocation:
        assert isinstance(op, FullyConnected)
        output_c, depth = graph.tensor(op.inputs[1]).shape
        rows = op.rows(graph.input_tensors(op))
        params, weights = _packed(op, graph)
        return Invocation(
            kernel=self.name,
            function="mcugen_dsp_fully_connected_s8",
            source="dsp/fully_connected_s8.c",
            params_type="mcugen_dsp_fully_connected_params",
            params=params,
            inputs=(op.inputs[0],),
            constants=(weights,),
            outputs=op.outputs,
            scratch_bytes=gemm.scratch_bytes(rows, depth),
            overlaps=(Overlap(0, rows_distance(rows, depth, output_c)),),
        )

    def cost(self, op: Operator, graph: Graph) -> float:
        assert isinstance(op, FullyConnected)
        output_c, depth = graph.tensor(op.inputs[1]).shape
        return rows_cost(op.rows(graph.input_tensors(op)), depth, output_c)


class FullyConnectedVectorDsp(Kernel):
    """mcugen_dsp_fully_connected_vector_s8: one row, read as it lies in memory. No scratch, no overlap."""

    name: ClassVar[str] = "fully_connected_vector_s8.dsp"
    library: ClassVar[str] = "dsp"
    operator: ClassVar[type[Operator]] = FullyConnected

    def supports(self, op: Operator, graph: Graph, cpu: Cpu) -> bool:
        return isinstance(op, FullyConnected) and cpu.dsp and op.rows(graph.input_tensors(op)) == 1

    def invoke(self, op: Operator, graph: Graph) -> Invocation:
        assert isinstance(op, FullyConnected)
        params, weights = _packed(op, graph)
        return Invocation(
            kernel=self.name,
            function="mcugen_dsp_fully_connected_vector_s8",
            source="dsp/fully_connected_vector_s8.c",
            params_type="mcugen_dsp_fully_connected_params",
            params=params,
            inputs=(op.inputs[0],),
            constants=(weights,),
            outputs=op.outputs,
        )

    def cost(self, op: Operator, graph: Graph) -> float:
        output_c, depth = graph.tensor(op.inputs[1]).shape
        blocks = -(-output_c // gemm.channels_at_once(1))
        return blocks * (22 * gemm.quads(depth) + 50) + 30


def _packed(op: FullyConnected, graph: Graph) -> tuple[dict[str, ParamValue], Constant]:
    """The fields of struct mcugen_dsp_fully_connected_params, and the weight stream."""
    tensors = graph.input_tensors(op)
    x, weights, out = tensors[0], tensors[1], graph.tensor(op.outputs[0])
    assert weights.data is not None
    rows = op.rows(tensors)
    bias = tensors[2].data if len(tensors) > 2 else None
    channels = pack_channels(weights.data, bias, op.requantization(tensors, [out]), x, out, op.clamp)
    params: dict[str, ParamValue] = {
        "rows": rows,
        "input_c": weights.shape[1],
        "output_c": weights.shape[0],
        "input_zero_point": x.zero_point,
        "output_zero_point": out.zero_point,
        "clamp_min": op.clamp[0],
        "clamp_max": op.clamp[1],
        "general_requantization": int(channels.general),
    }
    return params, gemm.weight_stream(channels, rows)
