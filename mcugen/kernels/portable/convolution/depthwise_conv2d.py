"""Depthwise convolution on any CPU."""

from __future__ import annotations

from typing import ClassVar, NamedTuple

from mcugen.graph.graph import Graph
from mcugen.graph.ops.base import Operator
from mcugen.graph.ops.convolution.depthwise_conv2d import DepthwiseConv2d
from mcugen.kernels.base import Invocation, Overlap
from mcugen.kernels.fields import zero_point_fields
from mcugen.kernels.images import cost_per_image, per_image
from mcugen.kernels.overlap import overlap_distance
from mcugen.kernels.portable.weighted import WeightedKernel, pack_weighted, weight_bits


class Axis(NamedTuple):
    """One spatial axis of the window."""

    size: int
    outputs: int
    kernel: int
    stride: int
    dilation: int
    pad: int

    @property
    def span(self) -> int:
        """Input elements from the first tap to the last."""
        return (self.kernel - 1) * self.dilation + 1

    @property
    def used(self) -> int:
        """Elements that all windows together cover, borders included."""
        return (self.outputs - 1) * self.stride + self.span

    @property
    def gathered(self) -> int:
        """Input elements that some window covers."""
        return min(max(self.used - self.pad, 0), self.size)


class DepthwiseConv2dPortable(WeightedKernel):
    """mcugen_depthwise_conv2d_s8: row by row, on a band of input rows in scratch."""

    name: ClassVar[str] = "depthwise_conv2d_s8.portable"
    operator: ClassVar[type[Operator]] = DepthwiseConv2d

    @per_image
    def invoke(self, op: Operator, graph: Graph) -> Invocation:
        assert isinstance(op, DepthwiseConv2d)
        tensors = graph.input_tensors(op)
        x, weights, out = tensors[0], tensors[1], graph.tensor(op.outputs[0])
        vertical, horizontal = axes(op, graph)
        bias = tensors[2].data if len(tensors) > 2 else None
        packed = pack_weighted(weights, 3, bias, op.requantization(tensors, [out]), x, out, op.clamp)
        return Invocation(
            kernel=self.name,
            function="mcugen_depthwise_conv2d_s8",
            source="portable/convolution/depthwise_conv2d_s8.c",
            params_type="mcugen_depthwise_params",
            params={
                "input_h": vertical.size,
                "input_w": horizontal.size,
                "input_c": x.shape[3],
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
                **zero_point_fields(op, graph),
                "general_requantization": int(packed.general),
                "weight_bits": weight_bits(weights),
            },
            inputs=(x.name,),
            constants=packed.constants,
            outputs=(out.name,),
            scratch_bytes=vertical.span * horizontal.used * x.shape[3],
            overlaps=(Overlap(0, row_distance(vertical, horizontal, x.shape[3], out.shape[3])),),
        )

    @cost_per_image
    def cost(self, op: Operator, graph: Graph) -> float:
        x, out = graph.tensor(op.inputs[0]), graph.tensor(op.outputs[0])
        vertical, horizontal = axes(op, graph)
        band = horizontal.used * x.shape[3]
        copied = out.shape[1] * band * max(vertical.span, vertical.stride)
        taps = vertical.kernel * horizontal.kernel
        return 0.75 * copied + out.elements * (2.3 * taps + 13) + out.shape[1] * out.shape[2] * 10


class DepthwiseConv2dS4Portable(DepthwiseConv2dPortable):
    """The same with int4 weights, two a byte."""

    name: ClassVar[str] = "depthwise_conv2d_s4.portable"
    weight_dtype: ClassVar[str] = "int4"


def axes(op: Operator, graph: Graph) -> tuple[Axis, Axis]:
    """(vertical, horizontal). A single row of positions is taken as a single column: the same bytes, a smaller band."""
    assert isinstance(op, DepthwiseConv2d)
    x, weights, out = graph.tensor(op.inputs[0]), graph.tensor(op.inputs[1]), graph.tensor(op.outputs[0])
    vertical, horizontal = (
        Axis(x.shape[1 + i], out.shape[1 + i], weights.shape[1 + i], op.stride[i], op.dilation[i], op.padding[i])
        for i in (0, 1)
    )
    if vertical.size == vertical.outputs == vertical.kernel == 1 and vertical.pad == 0:
        return horizontal, vertical._replace(stride=1, dilation=1)
    return vertical, horizontal


def row_distance(vertical: Axis, horizontal: Axis, input_c: int, output_c: int) -> int:
    """Each output row is written when all rows that it needs are in the band."""
    written: list[int] = []
    first_read: list[int | None] = []
    gathered = 0
    for row in range(vertical.outputs):
        last = row * vertical.stride + vertical.span
        start = max(gathered, row * vertical.stride) - vertical.pad
        inside = max(start, 0) if start < vertical.size and last - vertical.pad > 0 else None
        written.append((row + 1) * horizontal.outputs * output_c)
        first_read.append(None if inside is None else inside * horizontal.size * input_c)
        gathered = last
    return overlap_distance(written, first_read)
