"""Fully connected on DSP instructions."""

from __future__ import annotations

from typing import ClassVar

from mcugen.boards.board import Cpu
from mcugen.graph.graph import Graph
from mcugen.graph.ops.base import Operator
from mcugen.graph.ops.linear.fully_connected import FullyConnected
from mcugen.kernels.base import Constant, Invocation, Kernel, Overlap, ParamValue
from mcugen.kernels.dsp import gemm, paired
from mcugen.kernels.dsp.conv2d_1x1 import paired_rows_cost, rows_cost, rows_distance
from mcugen.kernels.fields import zero_point_fields
from mcugen.kernels.requantization import PackedChannels, pack_channels


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
            source="dsp/linear/fully_connected_s8.c",
            params_type="mcugen_dsp_fully_connected_params",
            params=params,
            inputs=(op.inputs[0],),
            constants=(weights,),
            outputs=op.outputs,
            scratch_bytes=gemm.scratch_bytes(rows, depth),
            overlaps=(Overlap(0, rows_distance(rows, depth, output_c, gemm.columns_at_once(rows))),),
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
            source="dsp/linear/fully_connected_vector_s8.c",
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


class FullyConnectedPairedDsp(Kernel):
    """mcugen_dsp_fully_connected_paired_s8: several rows, channels in pairs."""

    name: ClassVar[str] = "fully_connected_paired_s8.dsp"
    library: ClassVar[str] = "dsp"
    operator: ClassVar[type[Operator]] = FullyConnected

    def supports(self, op: Operator, graph: Graph, cpu: Cpu) -> bool:
        if not isinstance(op, FullyConnected) or not cpu.dsp:
            return False
        return op.rows(graph.input_tensors(op)) >= paired.COLUMNS and _fits_pairs(op, graph)

    def invoke(self, op: Operator, graph: Graph) -> Invocation:
        assert isinstance(op, FullyConnected)
        output_c, depth = graph.tensor(op.inputs[1]).shape
        rows = op.rows(graph.input_tensors(op))
        return Invocation(
            kernel=self.name,
            function="mcugen_dsp_fully_connected_paired_s8",
            source="dsp/linear/fully_connected_paired_s8.c",
            params_type="mcugen_dsp_fully_connected_params",
            params=fully_connected_params(op, graph, False),
            inputs=(op.inputs[0],),
            constants=(paired.weight_stream(packed_fully_connected(op, graph, doubled=True), 4),),
            outputs=op.outputs,
            scratch_bytes=paired.scratch_bytes(depth),
            overlaps=(Overlap(0, rows_distance(rows, depth, output_c, paired.COLUMNS)),),
        )

    def cost(self, op: Operator, graph: Graph) -> float:
        assert isinstance(op, FullyConnected)
        output_c, depth = graph.tensor(op.inputs[1]).shape
        return paired_rows_cost(op.rows(graph.input_tensors(op)), depth, output_c)


class FullyConnectedVectorPairedDsp(Kernel):
    """mcugen_dsp_fully_connected_vector_paired_s8: one row, channels in pairs. No scratch, no overlap."""

    name: ClassVar[str] = "fully_connected_vector_paired_s8.dsp"
    library: ClassVar[str] = "dsp"
    operator: ClassVar[type[Operator]] = FullyConnected

    def supports(self, op: Operator, graph: Graph, cpu: Cpu) -> bool:
        if not isinstance(op, FullyConnected) or not cpu.dsp:
            return False
        return op.rows(graph.input_tensors(op)) == 1 and _fits_pairs(op, graph)

    def invoke(self, op: Operator, graph: Graph) -> Invocation:
        assert isinstance(op, FullyConnected)
        return Invocation(
            kernel=self.name,
            function="mcugen_dsp_fully_connected_vector_paired_s8",
            source="dsp/linear/fully_connected_vector_paired_s8.c",
            params_type="mcugen_dsp_fully_connected_params",
            params=fully_connected_params(op, graph, False),
            inputs=(op.inputs[0],),
            constants=(paired.weight_stream(packed_fully_connected(op, graph, doubled=True), 8),),
            outputs=op.outputs,
        )

    def cost(self, op: Operator, graph: Graph) -> float:
        output_c, depth = graph.tensor(op.inputs[1]).shape
        return paired.vector_cost(depth, output_c)


def _fits_pairs(op: FullyConnected, graph: Graph) -> bool:
    return paired.fits(packed_fully_connected(op, graph, doubled=True), graph.tensor(op.inputs[0]))


def packed_fully_connected(op: FullyConnected, graph: Graph, *, doubled: bool = False) -> PackedChannels:
    """The layer's channels; `doubled` as in `pack_channels`."""
    tensors = graph.input_tensors(op)
    x, weights, out = tensors[0], tensors[1], graph.tensor(op.outputs[0])
    assert weights.data is not None
    bias = tensors[2].data if len(tensors) > 2 else None
    return pack_channels(weights.data, bias, op.requantization(tensors, [out]), x, out, op.clamp, doubled=doubled)


def fully_connected_params(op: FullyConnected, graph: Graph, general: bool) -> dict[str, ParamValue]:
    """The fields of struct mcugen_dsp_fully_connected_params."""
    weights = graph.tensor(op.inputs[1])
    return {
        "rows": op.rows(graph.input_tensors(op)),
        "input_c": weights.shape[1],
        "output_c": weights.shape[0],
        **zero_point_fields(op, graph),
        "general_requantization": int(general),
    }


def _packed(op: FullyConnected, graph: Graph) -> tuple[dict[str, ParamValue], Constant]:
    """The parameters and the weight stream of gemm.h."""
    channels = packed_fully_connected(op, graph)
    rows = op.rows(graph.input_tensors(op))
    return fully_connected_params(op, graph, channels.general), gemm.weight_stream(channels, rows)
