"""Depthwise convolution on Armv6-M: two output rows with one multiplication."""

from __future__ import annotations

from typing import ClassVar

import numpy as np

from mcugen.boards.board import Cpu
from mcugen.graph.graph import Graph
from mcugen.graph.ops.base import Operator
from mcugen.graph.ops.convolution.depthwise_conv2d import DepthwiseConv2d
from mcugen.kernels.armv6m import pairs
from mcugen.kernels.armv6m.channels import channel_constants, small_channels
from mcugen.kernels.base import Invocation, Overlap
from mcugen.kernels.fields import zero_point_fields
from mcugen.kernels.images import cost_per_image, per_image
from mcugen.kernels.overlap import overlap_distance
from mcugen.kernels.portable.convolution.depthwise_conv2d import Axis, axes
from mcugen.kernels.portable.weighted import WeightedKernel
from mcugen.kernels.requantization import PackedChannels


class DepthwiseConv2dArmv6m(WeightedKernel):
    """mcugen_armv6m_depthwise_conv2d_s8: the columns of a kernel follow each other, so they may not be dilated."""

    name: ClassVar[str] = "depthwise_conv2d_s8.armv6m"
    library: ClassVar[str] = "armv6m"
    operator: ClassVar[type[Operator]] = DepthwiseConv2d

    def supports(self, op: Operator, graph: Graph, cpu: Cpu) -> bool:
        if not cpu.baseline or not super().supports(op, graph, cpu):
            return False
        _, horizontal = axes(op, graph)
        return horizontal.dilation == 1 or horizontal.kernel == 1

    @per_image
    def invoke(self, op: Operator, graph: Graph) -> Invocation:
        assert isinstance(op, DepthwiseConv2d)
        x, out = graph.tensor(op.inputs[0]), graph.tensor(op.outputs[0])
        vertical, horizontal = axes(op, graph)
        channels = _channels(op, graph)
        in_place = _in_place(op, graph)
        return Invocation(
            kernel=self.name,
            function="mcugen_armv6m_depthwise_conv2d_s8",
            source="armv6m/depthwise_conv2d_s8.c",
            params_type="mcugen_armv6m_depthwise_params",
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
                "used_w": horizontal.used,
                "gathered_w": horizontal.gathered,
                **zero_point_fields(op, graph),
                "in_place": int(in_place),
                "group": pairs.group(channels.weights, x),
                "general_requantization": int(channels.general),
            },
            inputs=(x.name,),
            constants=channel_constants(pairs.weight_blocks(channels.weights), channels),
            outputs=op.outputs,
            scratch_bytes=4 * horizontal.used * vertical.kernel,
            overlaps=(
                Overlap(0, 0, exact=True)
                if in_place
                else Overlap(0, _distance(vertical, horizontal, x.shape[3], out.shape[3])),
            ),
        )

    @cost_per_image
    def cost(self, op: Operator, graph: Graph) -> float:
        assert isinstance(op, DepthwiseConv2d)
        x, out = graph.tensor(op.inputs[0]), graph.tensor(op.outputs[0])
        vertical, horizontal = axes(op, graph)
        products = pairs.group(_channels(op, graph).weights, x)
        rows, made = vertical.kernel, 220.0
        if _in_place(op, graph):
            kept = max(rows - 2, 0)
            made += horizontal.used * (3 + 3 * kept)
            rows -= kept
        made += 9 * rows * horizontal.gathered
        dot = pairs.dot_cost(vertical.kernel * horizontal.kernel, products)
        positions = out.shape[3] * horizontal.outputs * (dot + 70)
        return pairs.DEPTHWISE_UNIT * -(-vertical.outputs // 2) * (x.shape[3] * made + positions)


def _channels(op: DepthwiseConv2d, graph: Graph) -> PackedChannels:
    """The layer's channels, taps column by column of the kernel."""
    tensors = graph.input_tensors(op)
    x, weights, out = tensors[0], tensors[1], graph.tensor(op.outputs[0])
    assert weights.data is not None
    vertical, _ = axes(op, graph)
    kernel = weights.data[0]
    if vertical.kernel != kernel.shape[0]:
        kernel = kernel.swapaxes(0, 1)
    rows = np.ascontiguousarray(kernel.transpose(2, 1, 0)).reshape(kernel.shape[2], -1)
    bias = tensors[2].data if len(tensors) > 2 else None
    return small_channels(rows, bias, op.requantization(tensors, [out]), x, out, op.clamp)


def _in_place(op: DepthwiseConv2d, graph: Graph) -> bool:
    """True when a channel can be written over itself: two output rows, once the pairs that are kept have moved up, need
    no input row above them."""
    vertical, horizontal = axes(op, graph)
    below = vertical.stride == vertical.dilation == 1 and vertical.pad <= max(vertical.kernel - 2, 0)
    return below and horizontal.stride == 1 and graph.tensor(op.inputs[0]).shape == graph.tensor(op.outputs[0]).shape


def _distance(vertical: Axis, horizontal: Axis, input_c: int, output_c: int) -> int:
    """Two output rows are written channel by channel, so all of both must stay below the rows that they read."""
    row_bytes = horizontal.size * input_c
    written: list[int] = []
    first_read: list[int | None] = []
    for row in range(0, vertical.outputs, 2):
        done = min(row + 2, vertical.outputs) * horizontal.outputs * output_c
        first = row * vertical.stride - vertical.pad
        taps = range(first, first + vertical.span, vertical.dilation)
        inside = [r for tap in taps for r in (tap, tap + vertical.stride) if 0 <= r < vertical.size]
        # Twice: as if the outputs were written before the last of their inputs is read.
        written += [done, done]
        first_read += [min(inside) * row_bytes if inside else None] * 2
    return overlap_distance(written, first_read)
