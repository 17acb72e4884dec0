"""Depthwise convolution of int16 on any CPU."""

from __future__ import annotations

from typing import ClassVar

from mcugen.graph.graph import Graph
from mcugen.graph.ops.base import Operator
from mcugen.graph.ops.convolution.depthwise_conv2d import DepthwiseConv2d
from mcugen.kernels.base import Invocation, Overlap
from mcugen.kernels.images import cost_per_image, per_image
from mcugen.kernels.overlap import overlap_distance
from mcugen.kernels.portable.common import PortableKernel
from mcugen.kernels.portable.int16 import WeightedInt16, finish_of, pack_int16, sum_bits
from mcugen.kernels.portable.windows import first_touched

_TAP_COST = {32: 5.0, 64: 9.0}
"""Instructions for one tap by the bits of the accumulator."""


def depthwise_distance(op: DepthwiseConv2d, graph: Graph) -> int:
    """Elements: a position's last input is read when its other outputs are written."""
    x, weights, out = graph.tensor(op.inputs[0]), graph.tensor(op.inputs[1]), graph.tensor(op.outputs[0])
    firsts = [
        first_touched(
            out.shape[1 + a], op.stride[a], op.padding[a], weights.shape[1 + a], op.dilation[a], x.shape[1 + a]
        )
        for a in (0, 1)
    ]
    reads = [
        None if row is None or column is None else (row * x.shape[2] + column) * x.shape[3]
        for row in firsts[0]
        for column in firsts[1]
    ]
    written = [(place + 1) * out.shape[3] for place in range(len(reads))]
    return overlap_distance([w for w in written for _ in range(2)], [r for r in reads for _ in range(2)])


class _Depthwise(PortableKernel):
    """Overlaps are counted in elements; see `OnInt16`."""

    @per_image
    def invoke(self, op: Operator, graph: Graph) -> Invocation:
        assert isinstance(op, DepthwiseConv2d)
        x, weights, out = graph.tensor(op.inputs[0]), graph.tensor(op.inputs[1]), graph.tensor(op.outputs[0])
        packed = pack_int16(op, graph)
        return Invocation(
            kernel=self.name,
            function="mcugen_depthwise_conv2d_s16",
            source="portable/convolution/depthwise_conv2d_s16.c",
            params_type="mcugen_depthwise_s16_params",
            params={
                "input_h": x.shape[1],
                "input_w": x.shape[2],
                "input_c": x.shape[3],
                "output_h": out.shape[1],
                "output_w": out.shape[2],
                "output_c": out.shape[3],
                "kernel_h": weights.shape[1],
                "kernel_w": weights.shape[2],
                "stride_h": op.stride[0],
                "stride_w": op.stride[1],
                "pad_top": op.padding[0],
                "pad_left": op.padding[1],
                "dilation_h": op.dilation[0],
                "dilation_w": op.dilation[1],
                "clamp_min": op.clamp[0],
                "clamp_max": op.clamp[1],
                "form": packed.form,
            },
            inputs=(x.name,),
            constants=packed.constants,
            outputs=(out.name,),
            overlaps=(Overlap(0, depthwise_distance(op, graph)),),
        )

    @cost_per_image
    def cost(self, op: Operator, graph: Graph) -> float:
        assert isinstance(op, DepthwiseConv2d)
        weights, out = graph.tensor(op.inputs[1]), graph.tensor(op.outputs[0])
        taps, bits = weights.shape[1] * weights.shape[2], sum_bits(finish_of(op, graph).form)
        return out.elements * (_TAP_COST[bits] * taps + 25) + out.shape[1] * out.shape[2] * 30


class DepthwiseConv2dInt16Portable(WeightedInt16, _Depthwise):
    """mcugen_depthwise_conv2d_s16: position by position, without scratch."""

    name: ClassVar[str] = "depthwise_conv2d_s16.portable"
    operator: ClassVar[type[Operator]] = DepthwiseConv2d
