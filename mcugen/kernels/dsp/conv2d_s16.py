"""Convolution and fully connected of int16 on DSP instructions."""

from __future__ import annotations

from typing import ClassVar

from mcugen.graph.graph import Graph
from mcugen.graph.ops.base import Operator
from mcugen.graph.ops.convolution.conv2d import Conv2d
from mcugen.graph.ops.linear.fully_connected import FullyConnected
from mcugen.kernels.base import Invocation, Overlap, ParamValue
from mcugen.kernels.dsp import gemm
from mcugen.kernels.dsp.conv2d import window_depth, window_distance
from mcugen.kernels.dsp.int16 import WeightedInt16Dsp, weight_stream
from mcugen.kernels.images import cost_per_image, per_image
from mcugen.kernels.overlap import overlap_distance
from mcugen.kernels.portable.common import PortableKernel
from mcugen.kernels.portable.convolution.conv2d_s16 import window_params
from mcugen.kernels.portable.int16 import INT16_BYTES, Weighted


def _invocation(
    kernel: str, op: Weighted, graph: Graph, params: dict[str, ParamValue], positions: int, window: int, distance: int
) -> Invocation:
    """mcugen_dsp_conv2d_s16.

    Args:
        params: without the form of requantization.
        window: bytes of a gathered window; 0 where it is read in place.
        distance: of the overlap, in elements.
    """
    weights = graph.tensor(op.inputs[1])
    stream, form = weight_stream(op, graph, positions)
    depth = weights.elements // weights.shape[0]
    return Invocation(
        kernel=kernel,
        function="mcugen_dsp_conv2d_s16",
        source="dsp/convolution/conv2d_s16.c",
        params_type="mcugen_conv2d_params",
        params={**params, "general_requantization": form},
        inputs=(op.inputs[0],),
        constants=(stream,),
        outputs=op.outputs,
        scratch_bytes=gemm.scratch_bytes(positions, depth) + window,
        overlaps=(Overlap(0, distance),),
    )


def _interleaving(positions: int, depth: int) -> float:
    return positions * (3.6 * gemm.quads(depth) + 25)


class _Windows(PortableKernel):
    """Overlaps are counted in elements; see `OnInt16`."""

    @per_image
    def invoke(self, op: Operator, graph: Graph) -> Invocation:
        assert isinstance(op, Conv2d)
        out, depth = graph.tensor(op.outputs[0]), window_depth(op, graph)
        positions = out.shape[1] * out.shape[2]
        gathered = 0 if _is_pointwise(op, graph) else INT16_BYTES * depth
        distance = window_distance(op, graph, gemm.columns_at_once(positions))
        return _invocation(self.name, op, graph, window_params(op, graph, 0), positions, gathered, distance)

    @cost_per_image
    def cost(self, op: Operator, graph: Graph) -> float:
        assert isinstance(op, Conv2d)
        out, weights, depth = graph.tensor(op.outputs[0]), graph.tensor(op.inputs[1]), window_depth(op, graph)
        positions = out.shape[1] * out.shape[2]
        gather = 0.0 if _is_pointwise(op, graph) else positions * (1.2 * depth + 25 * weights.shape[1] + 30)
        return gather + _interleaving(positions, depth) + gemm.instructions(positions, depth, out.shape[3])


class Conv2dInt16Dsp(WeightedInt16Dsp, _Windows):
    """mcugen_dsp_conv2d_s16: im2col for a few positions at a time, then a matrix product."""

    name: ClassVar[str] = "conv2d_s16.dsp"
    operator: ClassVar[type[Operator]] = Conv2d

    def fits(self, op: Operator, graph: Graph) -> bool:
        assert isinstance(op, Conv2d)
        return super().fits(op, graph) and op.groups(graph.input_tensors(op)) == 1


class _Rows(PortableKernel):
    """Overlaps are counted in elements; see `OnInt16`."""

    def invoke(self, op: Operator, graph: Graph) -> Invocation:
        assert isinstance(op, FullyConnected)
        tensors = graph.input_tensors(op)
        (output_c, depth), rows = tensors[1].shape, op.rows(tensors)
        ones = dict.fromkeys(("kernel_h", "kernel_w", "stride_h", "stride_w", "dilation_h", "dilation_w", "groups"), 1)
        zeros = dict.fromkeys(("pad_top", "pad_left", "input_zero_point", "output_zero_point"), 0)
        params: dict[str, ParamValue] = {
            "input_h": 1,
            "input_w": rows,
            "input_c": INT16_BYTES * depth,
            "output_h": 1,
            "output_w": rows,
            "output_c": output_c,
            **ones,
            **zeros,
            "clamp_min": op.clamp[0],
            "clamp_max": op.clamp[1],
            "weight_bits": 8,
        }
        block = gemm.columns_at_once(rows)
        starts = range(0, rows, block)
        written = [min(start + block, rows) * output_c for start in starts]
        distance = overlap_distance(written, [start * depth for start in starts])
        return _invocation(self.name, op, graph, params, rows, 0, distance)

    def cost(self, op: Operator, graph: Graph) -> float:
        assert isinstance(op, FullyConnected)
        tensors = graph.input_tensors(op)
        (output_c, depth), rows = tensors[1].shape, op.rows(tensors)
        return _interleaving(rows, depth) + gemm.instructions(rows, depth, output_c)


class FullyConnectedInt16Dsp(WeightedInt16Dsp, _Rows):
    """mcugen_dsp_conv2d_s16: the input's rows are the positions."""

    name: ClassVar[str] = "fully_connected_s16.dsp"
    operator: ClassVar[type[Operator]] = FullyConnected


def _is_pointwise(op: Conv2d, graph: Graph) -> bool:
    """As mcugen_dsp_is_pointwise."""
    x, weights, out = graph.tensor(op.inputs[0]), graph.tensor(op.inputs[1]), graph.tensor(op.outputs[0])
    inside = all((out.shape[1 + a] - 1) * op.stride[a] < x.shape[1 + a] for a in (0, 1))
    return weights.shape[1:3] == (1, 1) and op.padding[:2] == (0, 0) and inside
