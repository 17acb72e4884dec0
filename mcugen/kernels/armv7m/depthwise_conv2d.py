"""Depthwise convolution on Armv7-M: two output rows in one word."""

from __future__ import annotations

from typing import ClassVar, NamedTuple

import numpy as np

from mcugen.boards.board import Cpu
from mcugen.graph.graph import Graph
from mcugen.graph.ops.base import Operator
from mcugen.graph.ops.convolution.depthwise_conv2d import DepthwiseConv2d
from mcugen.kernels.armv7m.common import (
    NARROW,
    as_words,
    channels_of,
    field_bits,
    has_long_multiply,
    is_plain,
    starts,
)
from mcugen.kernels.base import Constant, Invocation, Kernel, Overlap
from mcugen.kernels.fields import zero_point_fields
from mcugen.kernels.images import cost_per_image, per_image
from mcugen.kernels.overlap import overlap_distance
from mcugen.kernels.requantization import PackedChannels

# The plane of one channel; taller ones are worked on in bands of rows.
_PLANE_BYTES = 1024
# Where even a band of two rows takes more, scratch would outweigh the speed.
_LARGEST_PLANE_BYTES = 4096
_POSITIONS = 3


class Axis(NamedTuple):
    """One axis of the image."""

    size: int
    outputs: int
    kernel: int
    stride: int
    dilation: int
    pad: int

    def used(self, outputs: int) -> int:
        """Inputs that so many outputs need, borders included."""
        return (outputs - 1) * self.stride + (self.kernel - 1) * self.dilation + 1


class Plane(NamedTuple):
    """The scratch plane of a layer; see kernels_cmsis/armv7m/depthwise_conv2d_s8.c."""

    vertical: Axis
    horizontal: Axis
    pair_h: int

    @property
    def width(self) -> int:
        return self.horizontal.used(self.horizontal.outputs)

    @property
    def height(self) -> int:
        return self.vertical.used(self.pair_h)

    @property
    def gathered(self) -> int:
        """Columns that lie inside the input."""
        return min(max(self.width - self.horizontal.pad, 0), self.horizontal.size)

    @property
    def bytes(self) -> int:
        return 4 * self.width * self.height

    @property
    def bands(self) -> range:
        """The first output row of each."""
        return range(0, self.vertical.outputs, 2 * self.pair_h)


class DepthwiseConv2dArmv7m(Kernel):
    """mcugen_armv7m_depthwise_conv2d_s8: channel by channel on a plane of pairs of rows."""

    name: ClassVar[str] = "depthwise_conv2d_s8.armv7m"
    library: ClassVar[str] = "armv7m"
    operator: ClassVar[type[Operator]] = DepthwiseConv2d

    def supports(self, op: Operator, graph: Graph, cpu: Cpu) -> bool:
        if not isinstance(op, DepthwiseConv2d) or not has_long_multiply(cpu):
            return False
        tensors = graph.input_tensors(op)
        if not is_plain(tensors) or scratch_plane(op, graph).bytes > _LARGEST_PLANE_BYTES:
            return False
        return field_bits(channels_of(op, graph), tensors[0]) == NARROW

    @per_image
    def invoke(self, op: Operator, graph: Graph) -> Invocation:
        assert isinstance(op, DepthwiseConv2d)
        x, out = graph.tensor(op.inputs[0]), graph.tensor(op.outputs[0])
        plane = scratch_plane(op, graph)
        vertical, horizontal = plane.vertical, plane.horizontal
        same_lanes = x.shape[3] == out.shape[3]
        return Invocation(
            kernel=self.name,
            function="mcugen_armv7m_depthwise_conv2d_s8",
            source="armv7m/depthwise_conv2d_s8.c",
            params_type="mcugen_armv7m_depthwise_params",
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
                "pair_h": plane.pair_h,
                "plane_w": plane.width,
                "gathered_w": plane.gathered,
                **zero_point_fields(op, graph),
            },
            inputs=(x.name,),
            constants=(_stream(channels_of(op, graph)),),
            outputs=op.outputs,
            scratch_bytes=plane.bytes,
            overlaps=(Overlap(0, lane_distance(plane, x.shape[3]), exact=True),) if same_lanes else (),
        )

    @cost_per_image
    def cost(self, op: Operator, graph: Graph) -> float:
        assert isinstance(op, DepthwiseConv2d)
        x, out = graph.tensor(op.inputs[0]), graph.tensor(op.outputs[0])
        plane = scratch_plane(op, graph)
        width, bands = plane.horizontal.outputs, len(plane.bands)
        rows = sum(min(plane.vertical.outputs - first, plane.pair_h) for first in plane.bands)
        taps = plane.vertical.kernel * plane.horizontal.kernel
        blocks = -(-width // _POSITIONS)
        gather = bands * plane.height * (5.0 * plane.gathered + 14)
        work = rows * (width * ((1.3 + 0.35 * plane.horizontal.stride) * taps + 2) + blocks * (taps + 14) + 10)
        finish = 7.5 * plane.vertical.outputs * width
        return x.shape[3] * gather + out.shape[3] * (work + finish + 30)


def scratch_plane(op: DepthwiseConv2d, graph: Graph) -> Plane:
    """As few bands as fit. A single row of positions is taken as a single column: the same bytes, but rows to pair."""
    x, weights, out = graph.tensor(op.inputs[0]), graph.tensor(op.inputs[1]), graph.tensor(op.outputs[0])
    vertical, horizontal = (
        Axis(x.shape[1 + i], out.shape[1 + i], weights.shape[1 + i], op.stride[i], op.dilation[i], op.padding[i])
        for i in (0, 1)
    )
    if vertical.size == vertical.outputs == vertical.kernel == 1 and vertical.pad == 0:
        vertical, horizontal = horizontal, vertical._replace(stride=1, dilation=1)
    for bands in range(1, vertical.outputs + 1):
        plane = Plane(vertical, horizontal, -(-vertical.outputs // (2 * bands)))
        if plane.bytes <= _PLANE_BYTES or plane.pair_h == 1:
            break
    return plane


def lane_distance(plane: Plane, channels: int) -> int:
    """The overlap distance: bands are read, then written, and every channel touches only its own bytes."""
    vertical, horizontal = plane.vertical, plane.horizontal
    written = [min(first + 2 * plane.pair_h, vertical.outputs) * horizontal.outputs for first in plane.bands]
    first_read: list[int | None] = []
    for first in plane.bands:
        row = max(first * vertical.stride - vertical.pad, 0)
        first_read.append(row * horizontal.size if row < vertical.size else None)
    return overlap_distance(written, first_read) * channels


def _stream(channels: PackedChannels) -> Constant:
    """For each channel its start, multiplier and taps."""
    taps = channels.weights.shape[1]
    rows = np.pad(channels.weights.astype(np.int8), ((0, 0), (0, -taps % 4)))
    words = np.ascontiguousarray(rows).view(np.dtype("<u4")).astype(np.uint32)
    parts = [starts(channels)[:, None], as_words(channels.multiplier)[:, None], words]
    return Constant("weights", np.hstack(parts).reshape(-1))
