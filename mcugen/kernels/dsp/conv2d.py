"""Convolution of any kernel size on DSP instructions."""

from __future__ import annotations

import math
from typing import ClassVar

import numpy as np

from mcugen.boards.board import Cpu
from mcugen.graph.graph import Graph
from mcugen.graph.ops.base import Operator
from mcugen.graph.ops.convolution.conv2d import Conv2d
from mcugen.kernels.base import Invocation, Kernel, Overlap, ParamValue
from mcugen.kernels.dsp import gemm, paired
from mcugen.kernels.fields import window_fields, zero_point_fields
from mcugen.kernels.images import cost_per_image, per_image
from mcugen.kernels.overlap import overlap_distance
from mcugen.kernels.requantization import PackedChannels, pack_channels

_WINDOW_BYTES = 64  # as MCUGEN_DSP_WINDOW_BYTES


class Conv2dDsp(Kernel):
    """mcugen_dsp_conv2d_s8: im2col for a few positions at a time, then a matrix product."""

    name: ClassVar[str] = "conv2d_s8.dsp"
    library: ClassVar[str] = "dsp"
    operator: ClassVar[type[Operator]] = Conv2d

    def supports(self, op: Operator, graph: Graph, cpu: Cpu) -> bool:
        return isinstance(op, Conv2d) and cpu.dsp and op.groups(graph.input_tensors(op)) == 1

    @per_image
    def invoke(self, op: Operator, graph: Graph) -> Invocation:
        assert isinstance(op, Conv2d)
        x, out = graph.tensor(op.inputs[0]), graph.tensor(op.outputs[0])
        positions, depth = out.shape[1] * out.shape[2], window_depth(op, graph)
        channels = packed_conv2d(op, graph)
        return Invocation(
            kernel=self.name,
            function="mcugen_dsp_conv2d_s8",
            source="dsp/convolution/conv2d_s8.c",
            params_type="mcugen_dsp_conv2d_params",
            params=conv2d_params(op, graph, channels.general),
            inputs=(x.name,),
            constants=(gemm.weight_stream(channels, positions),),
            outputs=(out.name,),
            scratch_bytes=gemm.scratch_bytes(positions, depth) + (4 * gemm.quads(depth) if x.shape[3] % 4 else 0),
            overlaps=(Overlap(0, window_distance(op, graph, gemm.columns_at_once(positions))),),
        )

    @cost_per_image
    def cost(self, op: Operator, graph: Graph) -> float:
        out = graph.tensor(op.outputs[0])
        positions, depth = out.shape[1] * out.shape[2], window_depth(op, graph)
        return im2col_cost(op, graph) + gemm.instructions(positions, depth, out.shape[3]) + 60


class Conv2dPairedDsp(Kernel):
    """mcugen_dsp_conv2d_paired_s8: im2col for two positions at a time, then a product with channels in pairs."""

    name: ClassVar[str] = "conv2d_paired_s8.dsp"
    library: ClassVar[str] = "dsp"
    operator: ClassVar[type[Operator]] = Conv2d

    def supports(self, op: Operator, graph: Graph, cpu: Cpu) -> bool:
        return isinstance(op, Conv2d) and cpu.dsp and fits_pairs(op, graph)

    @per_image
    def invoke(self, op: Operator, graph: Graph) -> Invocation:
        assert isinstance(op, Conv2d)
        x, depth = graph.tensor(op.inputs[0]), window_depth(op, graph)
        return Invocation(
            kernel=self.name,
            function="mcugen_dsp_conv2d_paired_s8",
            source="dsp/convolution/conv2d_paired_s8.c",
            params_type="mcugen_dsp_conv2d_params",
            params=conv2d_params(op, graph, False),
            inputs=(x.name,),
            constants=(paired.weight_stream(packed_conv2d(op, graph, doubled=True), 4),),
            outputs=op.outputs,
            scratch_bytes=paired.scratch_bytes(depth) + (4 * gemm.quads(depth) if x.shape[3] % 4 else 0),
            overlaps=(Overlap(0, window_distance(op, graph, paired.COLUMNS)),),
        )

    @cost_per_image
    def cost(self, op: Operator, graph: Graph) -> float:
        out = graph.tensor(op.outputs[0])
        positions, depth = out.shape[1] * out.shape[2], window_depth(op, graph)
        return 0.8 * im2col_cost(op, graph) + paired.cost(positions, depth, out.shape[3]) + 60


def window_depth(op: Operator, graph: Graph) -> int:
    """Inputs of one output channel."""
    weights = graph.tensor(op.inputs[1])
    return weights.elements // weights.shape[0]


def im2col_cost(op: Operator, graph: Graph) -> float:
    """Instructions of making all columns."""
    assert isinstance(op, Conv2d)
    x, weights, out = (graph.tensor(name) for name in (*op.inputs[:2], op.outputs[0]))
    positions, depth, kernel_h = out.shape[1] * out.shape[2], window_depth(op, graph), weights.shape[1]
    if x.shape[3] % 4 == 0 or depth > _WINDOW_BYTES:
        return positions * (7 * gemm.quads(depth) + 25 * kernel_h + 30)
    inside: int = math.prod(
        sum(0 <= step * place - pad < size - (taps - 1) * dilation for place in range(places))
        for places, size, taps, step, pad, dilation in zip(
            out.shape[1:3], x.shape[1:3], weights.shape[1:3], op.stride, op.padding[:2], op.dilation, strict=True
        )
    )
    return 0.95 * (positions * (8 * gemm.quads(depth) + 28) + (positions - inside) * (35 * kernel_h + 70))


def fits_pairs(op: Conv2d, graph: Graph) -> bool:
    """True when the layer has several positions, one group, and weights that paired.h sums up exactly."""
    out = graph.tensor(op.outputs[0])
    if out.shape[1] * out.shape[2] < paired.COLUMNS or op.groups(graph.input_tensors(op)) != 1:
        return False
    return paired.fits(packed_conv2d(op, graph, doubled=True), graph.tensor(op.inputs[0]))


def packed_conv2d(op: Conv2d, graph: Graph, *, doubled: bool = False) -> PackedChannels:
    """The layer's channels with all taps of one in a row (KH, KW, I); `doubled` as in `pack_channels`."""
    tensors = graph.input_tensors(op)
    x, weights, out = tensors[0], tensors[1], graph.tensor(op.outputs[0])
    assert weights.data is not None
    rows = weights.data.reshape(weights.shape[0], -1)
    bias = tensors[2].data if len(tensors) > 2 else None
    return pack_channels(rows, bias, op.requantization(tensors, [out]), x, out, op.clamp, doubled=doubled)


def conv2d_params(op: Conv2d, graph: Graph, general: bool) -> dict[str, ParamValue]:
    """The fields of struct mcugen_dsp_conv2d_params."""
    return {
        **window_fields(op, graph),
        **zero_point_fields(op, graph),
        "general_requantization": int(general),
    }


def window_distance(op: Conv2d, graph: Graph, block: int) -> int:
    """The overlap distance of a convolution in blocks of so many positions, row by row."""
    x, weights, out = graph.tensor(op.inputs[0]), graph.tensor(op.inputs[1]), graph.tensor(op.outputs[0])
    _, height, width, depth = x.shape
    rows = _first_inside(out.shape[1], op.stride[0], op.padding[0], weights.shape[1], op.dilation[0], height)
    columns = _first_inside(out.shape[2], op.stride[1], op.padding[1], weights.shape[2], op.dilation[1], width)
    reads = [
        None if row is None or column is None else (row * width + column) * depth for row in rows for column in columns
    ]
    starts = range(0, len(reads), block)
    written = [min(start + block, len(reads)) * out.shape[3] for start in starts]
    first_read = []
    for start in starts:
        inside = [r for r in reads[start : start + block] if r is not None]
        first_read.append(min(inside) if inside else None)
    return overlap_distance(written, first_read)


def _first_inside(outputs: int, stride: int, pad: int, taps: int, dilation: int, size: int) -> list[int | None]:
    """For each output along one axis the lowest input index that its window touches; None when it touches none."""
    first: list[int | None] = []
    for position in range(outputs):
        touched = position * stride - pad + np.arange(taps) * dilation
        inside = touched[(touched >= 0) & (touched < size)]
        first.append(int(inside[0]) if len(inside) else None)
    return first
