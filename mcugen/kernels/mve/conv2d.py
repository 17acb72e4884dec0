"""Convolution of any kernel size on Helium."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from mcugen.boards.board import Cpu
from mcugen.graph.graph import Graph
from mcugen.graph.ops.base import Operator
from mcugen.graph.ops.convolution.conv2d import Conv2d
from mcugen.graph.tensor import DTYPES, IntArray
from mcugen.kernels.base import Constant, Invocation, Kernel, Overlap, ParamValue
from mcugen.kernels.fields import zero_point_fields
from mcugen.kernels.images import cost_per_image, per_image
from mcugen.kernels.mve import gemm
from mcugen.kernels.mve.channels import LaneChannels, lane_channels
from mcugen.kernels.mve.common import has_vectors
from mcugen.kernels.overlap import overlap_distance
from mcugen.kernels.portable.weighted import weight_bits

# A strip that is longer makes a row's blocks fewer, but the arena larger.
_STRIP_BYTES = 1024
# Where even two positions take more, scratch would outweigh the speed.
LARGEST_STRIP_BYTES = 16384


@dataclass(frozen=True)
class Strip:
    """How a layer's rows are cut; see kernels_cmsis/mve/convolution/conv2d_s8.c.

    Attributes:
        kernel_w: with the gaps of a dilated kernel, which become taps of weight 0.
        column_bytes: of one column of the window.
        block_w: output positions at a time.
        bytes: of scratch, the last vector's surplus included.
    """

    kernel_w: int
    column_bytes: int
    block_w: int
    bytes: int


class Conv2dMve(Kernel):
    """mcugen_mve_conv2d_s8: windows that are contiguous in a strip, then a matrix product."""

    name: ClassVar[str] = "conv2d_s8.mve"
    library: ClassVar[str] = "mve"
    operator: ClassVar[type[Operator]] = Conv2d

    def supports(self, op: Operator, graph: Graph, cpu: Cpu) -> bool:
        if not isinstance(op, Conv2d) or not has_vectors(cpu):
            return False
        return strip(op, graph).bytes <= LARGEST_STRIP_BYTES

    @per_image
    def invoke(self, op: Operator, graph: Graph) -> Invocation:
        assert isinstance(op, Conv2d)
        x, out = graph.tensor(op.inputs[0]), graph.tensor(op.outputs[0])
        channels = packed_conv2d(op, graph)
        cut = strip(op, graph)
        return Invocation(
            kernel=self.name,
            function="mcugen_mve_conv2d_s8",
            source="mve/convolution/conv2d_s8.c",
            params_type="mcugen_mve_conv2d_params",
            params=conv2d_params(op, graph, channels.general, cut.block_w),
            inputs=(x.name,),
            constants=(weight_stream(channels, op, graph),),
            outputs=(out.name,),
            scratch_bytes=cut.bytes,
            overlaps=(Overlap(0, strip_distance(op, graph, cut)),),
        )

    @cost_per_image
    def cost(self, op: Operator, graph: Graph) -> float:
        assert isinstance(op, Conv2d)
        x, weights, out = graph.tensor(op.inputs[0]), graph.tensor(op.inputs[1]), graph.tensor(op.outputs[0])
        cut = strip(op, graph)
        _, height, width, output_c = out.shape
        groups = x.shape[3] // weights.shape[3]
        blocks = [min(cut.block_w, width - done) for done in range(0, width, cut.block_w)]
        pairs, singles = sum(b // 2 for b in blocks), sum(b % 2 for b in blocks)
        product = gemm.instructions(pairs, singles, cut.kernel_w * cut.column_bytes, output_c // groups)
        return height * groups * (making_cost(op, graph, cut) + product) + 60


def making_cost(op: Conv2d, graph: Graph, cut: Strip) -> float:
    """Instructions of the strips of one output row and one group."""
    x, weights, out = graph.tensor(op.inputs[0]), graph.tensor(op.inputs[1]), graph.tensor(op.outputs[0])
    kernel_h, groups = weights.shape[1], x.shape[3] // weights.shape[3]
    depth = cut.column_bytes // kernel_h
    making = 0.0
    for done in range(0, out.shape[2], cut.block_w):
        block = min(cut.block_w, out.shape[2] - done)
        columns = (block - 1) * op.stride[1] + cut.kernel_w
        if depth < gemm.LANES and groups == 1:
            row = 7 * -(-columns // (gemm.LANES // depth)) + 10
        else:
            row = columns * (3 * gemm.chunks(depth) + 4) + 10
        making += kernel_h * row + 20
    return making


class Conv2dS4Mve(Conv2dMve):
    """The same with int4 weights, two a byte."""

    name: ClassVar[str] = "conv2d_s4.mve"
    weight_dtype: ClassVar[str] = "int4"


def strip(op: Conv2d, graph: Graph) -> Strip:
    """Blocks as long as the strip's limit lets them be, and of equal length."""
    x, weights, out = graph.tensor(op.inputs[0]), graph.tensor(op.inputs[1]), graph.tensor(op.outputs[0])
    kernel_w = (weights.shape[2] - 1) * op.dilation[1] + 1
    column = weights.shape[1] * weights.shape[3] * DTYPES[x.dtype].itemsize
    # Vectors end up to 15 bytes beyond the last window.
    surplus = gemm.LANES * gemm.chunks(kernel_w * column) - kernel_w * column

    def size(positions: int) -> int:
        return ((positions - 1) * op.stride[1] + kernel_w) * column + surplus

    width = out.shape[2]
    fitting = max((n for n in range(2, width + 1) if size(n) <= _STRIP_BYTES), default=min(width, 2))
    blocks = -(-width // fitting)
    block = -(-width // blocks)
    block = min(block + block % 2, width)
    return Strip(kernel_w, column, block, size(block))


def packed_conv2d(op: Conv2d, graph: Graph) -> LaneChannels:
    """The layer's channels, see `window_rows`."""
    tensors, out = graph.input_tensors(op), graph.tensor(op.outputs[0])
    bias = tensors[2].data if len(tensors) > 2 else None
    return lane_channels(window_rows(op, graph), bias, op.requantization(tensors, [out]), tensors[0])


def window_rows(op: Conv2d, graph: Graph) -> IntArray:
    """Weights with all taps of a channel in a row, column by column of the kernel (KW, KH, I)."""
    weights = graph.tensor(op.inputs[1])
    assert weights.data is not None
    count, height, width, depth = weights.shape
    taps: IntArray = np.zeros((count, (width - 1) * op.dilation[1] + 1, height, depth), np.int8)
    taps[:, :: op.dilation[1]] = weights.data.transpose(0, 2, 1, 3)
    return taps.reshape(count, -1)


def weight_stream(channels: LaneChannels, op: Conv2d, graph: Graph) -> Constant:
    tensors = graph.input_tensors(op)
    return gemm.weight_stream(channels, op.groups(tensors), weight_bits(tensors[1]))


def conv2d_params(op: Conv2d, graph: Graph, general: bool, block_w: int) -> dict[str, ParamValue]:
    """The fields of struct mcugen_mve_conv2d_params."""
    x, weights, out = graph.tensor(op.inputs[0]), graph.tensor(op.inputs[1]), graph.tensor(op.outputs[0])
    return {
        "input_h": x.shape[1],
        "input_w": x.shape[2],
        "input_c": x.shape[3],
        "output_h": out.shape[1],
        "output_w": out.shape[2],
        "output_c": out.shape[3],
        "kernel_h": weights.shape[1],
        "kernel_w": (weights.shape[2] - 1) * op.dilation[1] + 1,
        "stride_h": op.stride[0],
        "stride_w": op.stride[1],
        "pad_top": op.padding[0],
        "pad_left": op.padding[1],
        "dilation_h": op.dilation[0],
        "groups": op.groups(graph.input_tensors(op)),
        **zero_point_fields(op, graph),
        "general_requantization": int(general),
        "block_w": block_w,
        "weight_bits": weight_bits(weights),
    }


def strip_distance(op: Conv2d, graph: Graph, cut: Strip) -> int:
    """The overlap distance in elements: a block's strip is made, then its outputs are written; group by group."""
    x, weights, out = graph.tensor(op.inputs[0]), graph.tensor(op.inputs[1]), graph.tensor(op.outputs[0])
    _, height, width, depth = x.shape
    written: list[int] = []
    first_read: list[int | None] = []
    for row in range(out.shape[1]):
        rows = row * op.stride[0] - op.padding[0] + np.arange(weights.shape[1]) * op.dilation[0]
        rows = rows[(rows >= 0) & (rows < height)]
        for done in range(0, out.shape[2], cut.block_w):
            end = min(done + cut.block_w, out.shape[2])
            written.append((row * out.shape[2] + end) * out.shape[3])
            column = max(done * op.stride[1] - op.padding[1], 0)
            read = len(rows) > 0 and column < width
            first_read.append((int(rows[0]) * width + column) * depth if read else None)
    if op.groups(graph.input_tensors(op)) > 1:
        # What the first group writes must leave what the last one reads.
        written = [each for each in written for _ in range(2)]
        first_read = [each for each in first_read for _ in range(2)]
    return overlap_distance(written, first_read)
