"""Depthwise convolution of int16 on any CPU."""

from __future__ import annotations

from typing import ClassVar

from mcugen.graph.graph import Graph
from mcugen.graph.ops.base import Operator
from mcugen.graph.ops.convolution.depthwise_conv2d import DepthwiseConv2d
from mcugen.kernels.base import Invocation, Overlap, ParamValue
from mcugen.kernels.images import cost_per_image, per_image
from mcugen.kernels.portable.common import PortableKernel
from mcugen.kernels.portable.convolution.depthwise_conv2d import axes, row_distance
from mcugen.kernels.portable.int16 import INT16_BYTES, WeightedInt16, finish_of, pack_int16, sum_bits

_TAP_COST = {32: 3.2, 64: 7.0}
"""Instructions for one tap by the bits of the accumulator."""


def band_params(op: DepthwiseConv2d, graph: Graph, form: int) -> dict[str, ParamValue]:
    """The fields of mcugen_depthwise_params; an input position is counted in bytes."""
    x, out = graph.tensor(op.inputs[0]), graph.tensor(op.outputs[0])
    vertical, horizontal = axes(op, graph)
    return {
        "input_h": vertical.size,
        "input_w": horizontal.size,
        "input_c": INT16_BYTES * x.shape[3],
        "output_h": vertical.outputs,
        "output_w": horizontal.outputs,
        "output_c": out.shape[3],
        "kernel_h": vertical.kernel,
        "kernel_w": horizontal.kernel,
        "stride_h": vertical.stride,
        "stride_w": horizontal.stride,
        "pad_top": vertical.pad,
        "pad_left": horizontal.pad,
        "dilation_h": vertical.dilation,
        "dilation_w": horizontal.dilation,
        "band_h": vertical.span,
        "band_w": horizontal.used,
        "gathered_w": horizontal.gathered,
        "input_zero_point": 0,
        "output_zero_point": 0,
        "clamp_min": op.clamp[0],
        "clamp_max": op.clamp[1],
        "general_requantization": form,
        "weight_bits": 8,
    }


def band_bytes(op: DepthwiseConv2d, graph: Graph) -> int:
    """Of the scratch."""
    vertical, horizontal = axes(op, graph)
    return INT16_BYTES * vertical.span * horizontal.used * graph.tensor(op.inputs[0]).shape[3]


def band_overlap(op: DepthwiseConv2d, graph: Graph) -> Overlap:
    """Counted in elements; see `OnInt16`."""
    x, out = graph.tensor(op.inputs[0]), graph.tensor(op.outputs[0])
    return Overlap(0, row_distance(*axes(op, graph), x.shape[3], out.shape[3]))


class _Bands(PortableKernel):
    @per_image
    def invoke(self, op: Operator, graph: Graph) -> Invocation:
        assert isinstance(op, DepthwiseConv2d)
        packed = pack_int16(op, graph)
        return Invocation(
            kernel=self.name,
            function="mcugen_depthwise_conv2d_s16",
            source="portable/convolution/depthwise_conv2d_s16.c",
            params_type="mcugen_depthwise_params",
            params=band_params(op, graph, packed.form),
            inputs=(op.inputs[0],),
            constants=packed.constants,
            outputs=op.outputs,
            scratch_bytes=band_bytes(op, graph),
            overlaps=(band_overlap(op, graph),),
        )

    @cost_per_image
    def cost(self, op: Operator, graph: Graph) -> float:
        assert isinstance(op, DepthwiseConv2d)
        x, out = graph.tensor(op.inputs[0]), graph.tensor(op.outputs[0])
        vertical, horizontal = axes(op, graph)
        copied = out.shape[1] * horizontal.used * x.shape[3] * max(vertical.span, vertical.stride)
        taps, bits = vertical.kernel * horizontal.kernel, sum_bits(finish_of(op, graph).form)
        return 0.5 * copied + out.elements * (_TAP_COST[bits] * taps + 18)


class DepthwiseConv2dInt16Portable(WeightedInt16, _Bands):
    """mcugen_depthwise_conv2d_s16: row by row, on a band of input rows in scratch."""

    name: ClassVar[str] = "depthwise_conv2d_s16.portable"
    operator: ClassVar[type[Operator]] = DepthwiseConv2d
