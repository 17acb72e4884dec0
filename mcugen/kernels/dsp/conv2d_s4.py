"""Convolution with int4 weights on DSP instructions."""

from __future__ import annotations

from typing import ClassVar

from mcugen.boards.board import Cpu
from mcugen.graph.graph import Graph
from mcugen.graph.ops.base import Operator
from mcugen.graph.ops.convolution.conv2d import Conv2d
from mcugen.kernels.base import Invocation, Kernel, Overlap
from mcugen.kernels.dsp import gemm, nibbles
from mcugen.kernels.dsp.conv2d import conv2d_params, im2col_cost, packed_conv2d, window_depth, window_distance
from mcugen.kernels.dsp.conv2d_1x1 import is_pointwise, rows_distance
from mcugen.kernels.images import cost_per_image, per_image


class Conv2dS4Dsp(Kernel):
    """mcugen_dsp_conv2d_s4: im2col for two positions at a time, then a product with channels in fours."""

    name: ClassVar[str] = "conv2d_s4.dsp"
    library: ClassVar[str] = "dsp"
    operator: ClassVar[type[Operator]] = Conv2d
    weight_dtype: ClassVar[str] = "int4"

    def supports(self, op: Operator, graph: Graph, cpu: Cpu) -> bool:
        if not isinstance(op, Conv2d) or not cpu.dsp or op.groups(graph.input_tensors(op)) != 1:
            return False
        return nibbles.fits(packed_conv2d(op, graph), graph.tensor(op.inputs[0]))

    @per_image
    def invoke(self, op: Operator, graph: Graph) -> Invocation:
        assert isinstance(op, Conv2d)
        x, depth = graph.tensor(op.inputs[0]), window_depth(op, graph)
        channels = packed_conv2d(op, graph)
        return Invocation(
            kernel=self.name,
            function="mcugen_dsp_conv2d_s4",
            source="dsp/convolution/conv2d_s4.c",
            params_type="mcugen_dsp_conv2d_params",
            params=conv2d_params(op, graph, channels.general),
            inputs=(x.name,),
            constants=(nibbles.weight_stream(channels, 4),),
            outputs=op.outputs,
            scratch_bytes=nibbles.scratch_bytes(depth) + (4 * gemm.quads(depth) if x.shape[3] % 4 else 0),
            overlaps=(Overlap(0, window_distance(op, graph, nibbles.COLUMNS)),),
        )

    @cost_per_image
    def cost(self, op: Operator, graph: Graph) -> float:
        out = graph.tensor(op.outputs[0])
        positions, depth = out.shape[1] * out.shape[2], window_depth(op, graph)
        return 0.8 * im2col_cost(op, graph) + nibbles.cost(positions, depth, out.shape[3]) + 60


class Conv2d1x1S4Dsp(Conv2dS4Dsp):
    """mcugen_dsp_conv2d_1x1_s4: the same over the list of positions."""

    name: ClassVar[str] = "conv2d_1x1_s4.dsp"

    def supports(self, op: Operator, graph: Graph, cpu: Cpu) -> bool:
        return isinstance(op, Conv2d) and is_pointwise(op, graph) and super().supports(op, graph, cpu)

    @per_image
    def invoke(self, op: Operator, graph: Graph) -> Invocation:
        assert isinstance(op, Conv2d)
        x, out = graph.tensor(op.inputs[0]), graph.tensor(op.outputs[0])
        positions, channels = out.shape[1] * out.shape[2], packed_conv2d(op, graph)
        return Invocation(
            kernel=self.name,
            function="mcugen_dsp_conv2d_1x1_s4",
            source="dsp/convolution/conv2d_1x1_s4.c",
            params_type="mcugen_dsp_conv2d_params",
            params=conv2d_params(op, graph, channels.general),
            inputs=(x.name,),
            constants=(nibbles.weight_stream(channels, 4),),
            outputs=op.outputs,
            scratch_bytes=nibbles.scratch_bytes(x.shape[3]),
            overlaps=(Overlap(0, rows_distance(positions, x.shape[3], out.shape[3], nibbles.COLUMNS)),),
        )

    @cost_per_image
    def cost(self, op: Operator, graph: Graph) -> float:
        x, out = graph.tensor(op.inputs[0]), graph.tensor(op.outputs[0])
        return nibbles.rows_cost(out.shape[1] * out.shape[2], x.shape[3], out.shape[3])
