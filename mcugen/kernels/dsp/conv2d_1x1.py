"""Pointwise convolution (1x1, stride 1) on DSP instructions."""

from __future__ import annotations

from typing import ClassVar

from mcugen.boards.board import Cpu
from mcugen.graph.graph import Graph
from mcugen.graph.ops.base import Operator
from mcugen.graph.ops.convolution.conv2d import Conv2d
from mcugen.kernels.base import Invocation, Kernel, Overlap
from mcugen.kernels.dsp import gemm, paired
from mcugen.kernels.dsp.conv2d import conv2d_params, fits_pairs, packed_conv2d
from mcugen.kernels.images import cost_per_image, per_image
from mcugen.kernels.overlap import overlap_distance


class Conv2d1x1Dsp(Kernel):
    """mcugen_dsp_conv2d_1x1_s8: a matrix product over the list of positions."""

    name: ClassVar[str] = "conv2d_1x1_s8.dsp"
    library: ClassVar[str] = "dsp"
    operator: ClassVar[type[Operator]] = Conv2d

    def supports(self, op: Operator, graph: Graph, cpu: Cpu) -> bool:
        if not isinstance(op, Conv2d) or not cpu.dsp:
            return False
        return is_pointwise(op, graph) and op.groups(graph.input_tensors(op)) == 1

    @per_image
    def invoke(self, op: Operator, graph: Graph) -> Invocation:
        assert isinstance(op, Conv2d)
        x, out = graph.tensor(op.inputs[0]), graph.tensor(op.outputs[0])
        positions = out.shape[1] * out.shape[2]
        channels = packed_conv2d(op, graph)
        return Invocation(
            kernel=self.name,
            function="mcugen_dsp_conv2d_1x1_s8",
            source="dsp/convolution/conv2d_1x1_s8.c",
            params_type="mcugen_dsp_conv2d_params",
            params=conv2d_params(op, graph, channels.general),
            inputs=(x.name,),
            constants=(gemm.weight_stream(channels, positions),),
            outputs=(out.name,),
            scratch_bytes=gemm.scratch_bytes(positions, x.shape[3]),
            overlaps=(Overlap(0, rows_distance(positions, x.shape[3], out.shape[3], gemm.columns_at_once(positions))),),
        )

    @cost_per_image
    def cost(self, op: Operator, graph: Graph) -> float:
        x, out = graph.tensor(op.inputs[0]), graph.tensor(op.outputs[0])
        positions = out.shape[1] * out.shape[2]
        return rows_cost(positions, x.shape[3], out.shape[3])


class Conv2d1x1PairedDsp(Kernel):
    """mcugen_dsp_conv2d_1x1_paired_s8: the same with channels in pairs."""

    name: ClassVar[str] = "conv2d_1x1_paired_s8.dsp"
    library: ClassVar[str] = "dsp"
    operator: ClassVar[type[Operator]] = Conv2d

    def supports(self, op: Operator, graph: Graph, cpu: Cpu) -> bool:
        return isinstance(op, Conv2d) and cpu.dsp and is_pointwise(op, graph) and fits_pairs(op, graph)

    @per_image
    def invoke(self, op: Operator, graph: Graph) -> Invocation:
        assert isinstance(op, Conv2d)
        x, out = graph.tensor(op.inputs[0]), graph.tensor(op.outputs[0])
        positions = out.shape[1] * out.shape[2]
        return Invocation(
            kernel=self.name,
            function="mcugen_dsp_conv2d_1x1_paired_s8",
            source="dsp/convolution/conv2d_1x1_paired_s8.c",
            params_type="mcugen_dsp_conv2d_params",
            params=conv2d_params(op, graph, False),
            inputs=(x.name,),
            constants=(paired.weight_stream(packed_conv2d(op, graph, doubled=True), 4),),
            outputs=op.outputs,
            scratch_bytes=paired.scratch_bytes(x.shape[3]),
            overlaps=(Overlap(0, rows_distance(positions, x.shape[3], out.shape[3], paired.COLUMNS)),),
        )

    @cost_per_image
    def cost(self, op: Operator, graph: Graph) -> float:
        x, out = graph.tensor(op.inputs[0]), graph.tensor(op.outputs[0])
        return paired_rows_cost(out.shape[1] * out.shape[2], x.shape[3], out.shape[3])


def is_pointwise(op: Conv2d, graph: Graph) -> bool:
    return graph.tensor(op.inputs[1]).shape[1:3] == (1, 1) and op.stride == (1, 1) and not any(op.padding)


def rows_distance(rows: int, depth: int, output_c: int, block: int) -> int:
    """The overlap distance of a product over rows of the input: blocks of so many are read, then written."""
    starts = range(0, rows, block)
    written = [min(start + block, rows) * output_c for start in starts]
    return overlap_distance(written, [start * depth for start in starts])


def rows_cost(rows: int, depth: int, output_c: int) -> float:
    """Instructions of mcugen_dsp_gemm_rows."""
    widen = rows * (5 * gemm.quads(depth) + 10)
    return widen + gemm.instructions(rows, depth, output_c) + 30


def paired_rows_cost(rows: int, depth: int, output_c: int) -> float:
    """Instructions of mcugen_dsp_paired_rows."""
    widen = rows * (5 * gemm.quads(depth) + 10)
    return widen + paired.cost(rows, depth, output_c) + 30
