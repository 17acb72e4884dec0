"""Depthwise convolution on Helium."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from mcugen.boards.board import Cpu
from mcugen.graph.graph import Graph
from mcugen.graph.ops.base import Operator
from mcugen.graph.ops.convolution.depthwise_conv2d import DepthwiseConv2d
from mcugen.graph.tensor import IntArray
from mcugen.kernels.base import Constant, Invocation, Kernel, Overlap
from mcugen.kernels.fields import zero_point_fields
from mcugen.kernels.images import cost_per_image, per_image
from mcugen.kernels.mve.channels import LaneChannels, as_words, lane_channels
from mcugen.kernels.mve.common import has_vectors
from mcugen.kernels.overlap import overlap_distance
from mcugen.kernels.portable.weighted import weight_bits

# Strips of fewer channels take less scratch, but more instructions to make.
_GROUPS = (16, 8, 4)
# Where even the smallest strips take more, scratch would outweigh the speed.
_SCRATCH_BYTES = 4096
_BORDER_BYTES = 16
_STORED_BYTES = 64  # by one VST4
_BEHIND_ZEROS = {8: 5, 4: 2}  # bytes, by the bits of the weights


@dataclass(frozen=True)
class Strips:
    """How a layer is worked on; see kernels_cmsis/mve/convolution/depthwise_conv2d_s8.c.

    Attributes:
        patches: a patch of the strip gives 2x2 outputs.
        rows: output rows of a step.
        quads: patches that cover the kernel (height, width).
        columns: of a strip.
        group: channels of a strip.
        buffers: strips that are there at a time.
        bytes: of scratch.
    """

    patches: bool
    rows: int
    quads: tuple[int, int]
    columns: int
    group: int
    buffers: int
    bytes: int


class DepthwiseConv2dMve(Kernel):
    """mcugen_mve_depthwise_conv2d_s8: 16 taps at a time, gathered from strips of four rows."""

    name: ClassVar[str] = "depthwise_conv2d_s8.mve"
    library: ClassVar[str] = "mve"
    operator: ClassVar[type[Operator]] = DepthwiseConv2d
    groups: ClassVar[tuple[int, ...]] = _GROUPS

    def supports(self, op: Operator, graph: Graph, cpu: Cpu) -> bool:
        if not isinstance(op, DepthwiseConv2d) or not has_vectors(cpu):
            return False
        return strips(op, graph, self.groups).bytes <= _SCRATCH_BYTES

    @per_image
    def invoke(self, op: Operator, graph: Graph) -> Invocation:
        assert isinstance(op, DepthwiseConv2d)
        x, weights, out = graph.tensor(op.inputs[0]), graph.tensor(op.inputs[1]), graph.tensor(op.outputs[0])
        cut = strips(op, graph, self.groups)
        channels = _packed(op, graph)
        same_lanes = x.shape[3] == out.shape[3]
        numbers = np.stack([channels.bias, channels.multiplier, channels.shift], axis=1)
        taps = _patches(channels, cut, weights.shape[1], weight_bits(weights))
        return Invocation(
            kernel=self.name,
            function="mcugen_mve_depthwise_conv2d_s8",
            source="mve/convolution/depthwise_conv2d_s8.c",
            params_type="mcugen_mve_depthwise_params",
            params={
                "input_h": x.shape[1],
                "input_w": x.shape[2],
                "input_c": x.shape[3],
                "output_h": out.shape[1],
                "output_w": out.shape[2],
                "output_c": out.shape[3],
                "kernel_h": weights.shape[1],
                "stride_h": op.stride[0],
                "stride_w": op.stride[1],
                "pad_top": op.padding[0],
                "pad_left": op.padding[1],
                "dilation_h": op.dilation[0],
                "dilation_w": op.dilation[1],
                **zero_point_fields(op, graph),
                "general_requantization": int(channels.general),
                "group": cut.group,
                "columns": cut.columns,
                "quads_h": cut.quads[0],
                "quads_w": cut.quads[1],
                "patches": int(cut.patches),
                "buffers": cut.buffers,
                "weight_bits": weight_bits(weights),
            },
            inputs=(x.name,),
            constants=(taps, Constant("channels", as_words(numbers.reshape(-1)))),
            outputs=(out.name,),
            scratch_bytes=cut.bytes,
            overlaps=(Overlap(0, lane_distance(op, graph, cut.rows, cut.buffers), exact=True),) if same_lanes else (),
        )

    @cost_per_image
    def cost(self, op: Operator, graph: Graph) -> float:
        assert isinstance(op, DepthwiseConv2d)
        x, out = graph.tensor(op.inputs[0]), graph.tensor(op.outputs[0])
        cut = strips(op, graph, self.groups)
        _, height, width, output_c = out.shape
        steps = -(-height // cut.rows)
        partly = x.shape[3] % 16 != 0 or cut.group != 16
        columns = min(cut.columns, x.shape[2])
        making = -(-x.shape[3] // cut.group) * cut.quads[0] * (columns * (17 if partly else 15) + 55)
        patches = cut.quads[0] * cut.quads[1]
        packed = weight_bits(graph.tensor(op.inputs[1])) == 4
        if cut.patches:
            row = -(-width // 2) * 15 + 25 + 4 * packed
        elif patches == 1:
            row = -(-width // 4) * 20 + 10 + 2 * packed
        else:
            row = -(-width // 4) * ((16 + 2 * packed) * patches + 4 * cut.quads[0]) + 12
        return steps * (making + output_c * row) + 60


class DepthwiseConv2dLittleScratchMve(DepthwiseConv2dMve):
    """The same with the narrowest strips, for an arena that is short."""

    name: ClassVar[str] = "depthwise_conv2d_little_scratch_s8.mve"
    groups: ClassVar[tuple[int, ...]] = _GROUPS[-1:]


class DepthwiseConv2dS4Mve(DepthwiseConv2dMve):
    """The same with int4 weights, two a byte."""

    name: ClassVar[str] = "depthwise_conv2d_s4.mve"
    weight_dtype: ClassVar[str] = "int4"


class DepthwiseConv2dLittleScratchS4Mve(DepthwiseConv2dLittleScratchMve):
    """Narrow strips and int4 weights."""

    name: ClassVar[str] = "depthwise_conv2d_little_scratch_s4.mve"
    weight_dtype: ClassVar[str] = "int4"


def strips(op: DepthwiseConv2d, graph: Graph, groups: tuple[int, ...]) -> Strips:
    """Strips of as many channels as their limit lets them have; two at a time where outputs then may lie in place."""
    x, weights, out = graph.tensor(op.inputs[0]), graph.tensor(op.inputs[1]), graph.tensor(op.outputs[0])
    kernel_h, kernel_w = weights.shape[1:3]
    small = max(kernel_h, kernel_w) <= 3 and op.stride == (1, 1) and op.dilation == (1, 1)
    patches = small and out.shape[1] > 1
    rows = 2 if patches else 1
    quads = (1, 1) if patches else (-(-kernel_h // 4), -(-kernel_w // 4))
    # Positions are worked on in twos or fours, and a patch has four columns.
    together = 2 if patches else 4
    positions = -(-out.shape[2] // together) * together
    last = positions - 2 if patches else (positions - 1) * op.stride[1]
    columns = last + (4 * quads[1] - 1) * op.dilation[1] + 1
    buffers = 1
    if x.shape[3] == out.shape[3] and lane_distance(op, graph, rows, 1) > lane_distance(op, graph, rows, 2):
        buffers = 2

    def size(group: int) -> int:
        return _BORDER_BYTES + buffers * (quads[0] * columns * 4 * group + _STORED_BYTES - 4 * group)

    useful = [g for g in groups if g < 2 * x.shape[3]] or groups[-1:]
    group = next((g for g in useful if size(g) <= _SCRATCH_BYTES), groups[-1])
    return Strips(patches, rows, quads, columns, group, buffers, size(group))


def lane_distance(op: DepthwiseConv2d, graph: Graph, rows: int, buffers: int) -> int:
    """The overlap distance: every channel touches only its own bytes; a step's outputs are written after its strip has
    been made, or after that of the next step where there are two buffers."""
    x, weights, out = graph.tensor(op.inputs[0]), graph.tensor(op.inputs[1]), graph.tensor(op.outputs[0])
    steps = range(0, out.shape[1], rows)

    def first_row(step: int) -> int | None:
        taps = step * op.stride[0] - op.padding[0] + np.arange(weights.shape[1] + rows - 1) * op.dilation[0]
        inside = taps[(taps >= 0) & (taps < x.shape[1])]
        return int(inside[0]) * x.shape[2] if len(inside) else None

    written = [min(step + rows, out.shape[1]) * out.shape[2] for step in steps]
    reads = [first_row(step) for step in steps]
    if buffers == 2:
        reads = [reads[0], *reads[2:], None][: len(reads)]
    return overlap_distance(written, reads) * x.shape[3]


def _packed(op: DepthwiseConv2d, graph: Graph) -> LaneChannels:
    """Channels with their taps in a row (KH, KW)."""
    tensors = graph.input_tensors(op)
    x, weights, out = tensors[0], tensors[1], graph.tensor(op.outputs[0])
    assert weights.data is not None
    rows = weights.data[0].reshape(-1, weights.shape[3]).T
    bias = tensors[2].data if len(tensors) > 2 else None
    return lane_channels(rows, bias, op.requantization(tensors, [out]), x)


def _patches(channels: LaneChannels, cut: Strips, kernel_h: int, bits: int) -> Constant:
    """For each channel the taps of each patch, four rows in turn from each of four columns; of int4 the first of two in
    the high nibble."""
    count = len(channels.weights)
    taps = channels.weights.reshape(count, kernel_h, -1)
    high, wide = cut.quads
    padded: IntArray = np.zeros((count, 4 * high, 4 * wide), np.int8)
    padded[:, :kernel_h, : taps.shape[2]] = taps
    vectors = padded.reshape(count, high, 4, wide, 4).transpose(0, 1, 3, 4, 2).reshape(count, -1)
    stream = vectors.reshape(-1) if bits == 8 else 16 * vectors.reshape(-1)[::2] + (vectors.reshape(-1)[1::2] & 0xF)
    if cut.patches:
        # The last bytes are zeros of the fourth column: they serve as those before the next channel.
        stream = np.concatenate([np.zeros(_BEHIND_ZEROS[bits], np.int8), stream])
    return Constant("weights", np.ascontiguousarray(stream).astype(np.int8))
