"""Depthwise convolution on DSP instructions."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar, NamedTuple

import numpy as np
import numpy.typing as npt

from mcugen.boards.board import Cpu
from mcugen.graph.graph import Graph
from mcugen.graph.ops.base import Operator
from mcugen.graph.ops.convolution.depthwise_conv2d import DepthwiseConv2d
from mcugen.kernels.base import Constant, Invocation, Kernel, Overlap
from mcugen.kernels.dsp.gemm import as_words
from mcugen.kernels.fields import zero_point_fields
from mcugen.kernels.images import cost_per_image, per_image
from mcugen.kernels.overlap import overlap_distance
from mcugen.kernels.portable.weighted import weight_bits
from mcugen.kernels.requantization import PackedChannels, pack_channels

# The scratch plane of one channel; taller planes are worked on in bands of rows.
_PLANE_BYTES = 1024
# Where even a band of one row takes more, scratch would outweigh the speed.
_LARGEST_PLANE_BYTES = 4096


class Axis(NamedTuple):
    """One axis of the image; `taps` with the zero taps of a dilation, steps: elements to the next place."""

    inputs: int
    outputs: int
    taps: int
    stride: int
    pad: int
    input_step: int
    output_step: int

    def used(self, outputs: int) -> int:
        """Inputs that so many outputs need, borders included."""
        return (outputs - 1) * self.stride + self.taps


@dataclass(frozen=True)
class Plane:
    """The scratch plane of a layer and how it is filled; see kernels_cmsis/dsp/convolution/depthwise_conv2d_s8.c.

    Attributes:
        rows, columns: axes of the image in that order, or (`turned`) the other way round.
    """

    rows: Axis
    columns: Axis
    turned: bool
    width: int
    gathered: int
    band_rows: int
    height: int

    @property
    def bytes(self) -> int:
        return 2 * self.width * self.height

    @property
    def kernel(self) -> tuple[int, int]:
        return self.rows.taps, self.columns.taps

    @property
    def is_3x3(self) -> bool:
        return self.kernel == (3, 3) and self.columns.stride <= 2


class DepthwiseConv2dDsp(Kernel):
    """mcugen_dsp_depthwise_conv2d_s8: channel by channel on a plane of int16."""

    name: ClassVar[str] = "depthwise_conv2d_s8.dsp"
    library: ClassVar[str] = "dsp"
    operator: ClassVar[type[Operator]] = DepthwiseConv2d

    def supports(self, op: Operator, graph: Graph, cpu: Cpu) -> bool:
        if not isinstance(op, DepthwiseConv2d) or not cpu.dsp:
            return False
        return scratch_plane(op, graph).bytes <= _LARGEST_PLANE_BYTES

    @per_image
    def invoke(self, op: Operator, graph: Graph) -> Invocation:
        assert isinstance(op, DepthwiseConv2d)
        x, out = graph.tensor(op.inputs[0]), graph.tensor(op.outputs[0])
        plane = scratch_plane(op, graph)
        channels = _packed(op, graph)
        rows, columns = plane.rows, plane.columns
        taps_bytes = 0 if plane.is_3x3 else 4 * plane.kernel[0] * -(-plane.kernel[1] // 2)
        same_lanes = x.shape[3] == out.shape[3]
        return Invocation(
            kernel=self.name,
            function="mcugen_dsp_depthwise_conv2d_s8",
            source="dsp/convolution/depthwise_conv2d_s8.c",
            params_type="mcugen_dsp_depthwise_params",
            params={
                "input_h": rows.inputs,
                "input_w": columns.inputs,
                "input_c": x.shape[3],
                "output_h": rows.outputs,
                "output_w": columns.outputs,
                "output_c": out.shape[3],
                "kernel_h": rows.taps,
                "kernel_w": columns.taps,
                "stride_h": rows.stride,
                "stride_w": columns.stride,
                "pad_top": rows.pad,
                "pad_left": columns.pad,
                **zero_point_fields(op, graph),
                "general_requantization": int(channels.general),
                "plane_w": plane.width,
                "gathered_w": plane.gathered,
                "band_rows": plane.band_rows,
                "input_row": rows.input_step,
                "input_step": columns.input_step,
                "output_row": rows.output_step,
                "output_step": columns.output_step,
                "weight_bits": weight_bits(graph.tensor(op.inputs[1])),
            },
            inputs=(x.name,),
            constants=(_stream(channels, plane, weight_bits(graph.tensor(op.inputs[1]))),),
            outputs=(out.name,),
            scratch_bytes=plane.bytes + taps_bytes,
            overlaps=(Overlap(0, lane_distance(op, graph, plane), exact=True),) if same_lanes else (),
        )

    @cost_per_image
    def cost(self, op: Operator, graph: Graph) -> float:
        assert isinstance(op, DepthwiseConv2d)
        plane = scratch_plane(op, graph)
        height, width = plane.rows.outputs, plane.columns.outputs
        gather = 2.3 * plane.gathered * plane.rows.inputs
        if plane.is_3x3 and plane.columns.stride == 1:
            work = _work_3x3(plane) + 30.0
        elif plane.is_3x3:
            work = height * (_work_row(width, 22, 66) + 15) + 20
        else:
            pairs = -(-plane.kernel[1] // 2)
            work = height * width * (2.5 * plane.kernel[0] * (pairs + 1) + 12) + 6 * plane.kernel[0] * pairs + 15
        return graph.tensor(op.outputs[0]).shape[3] * (gather + work)


class DepthwiseConv2dS4Dsp(DepthwiseConv2dDsp):
    """The same with int4 weights, unpacked where a channel begins."""

    name: ClassVar[str] = "depthwise_conv2d_s4.dsp"
    weight_dtype: ClassVar[str] = "int4"


def _work_3x3(plane: Plane) -> int:
    """Instructions of one channel with stride 1: two rows and two columns at a time, then what is left over."""
    pairs, single = divmod(plane.columns.outputs, 2)
    two_rows, row = (pairs * 62 + single * 46 + 22), _work_row(plane.columns.outputs, 18, 56) + 12
    return plane.rows.outputs // 2 * two_rows + plane.rows.outputs % 2 * row


def _work_row(width: int, one: int, four: int) -> int:
    """Four columns at a time, then what is left over."""
    return width // 4 * four + width % 4 * one + (15 if width >= 4 else 0)


def scratch_plane(op: DepthwiseConv2d, graph: Graph) -> Plane:
    """The plane's size, borders included. Dilation becomes zero taps."""
    x, weights, out = graph.tensor(op.inputs[0]), graph.tensor(op.inputs[1]), graph.tensor(op.outputs[0])
    steps = [(t.shape[2] * t.shape[3], t.shape[3]) for t in (x, out)]
    vertical, horizontal = (
        Axis(
            inputs=x.shape[1 + i],
            outputs=out.shape[1 + i],
            taps=(weights.shape[1 + i] - 1) * op.dilation[i] + 1,
            stride=op.stride[i],
            pad=op.padding[i],
            input_step=steps[0][i],
            output_step=steps[1][i],
        )
        for i in (0, 1)
    )
    upright, turned = _plane(vertical, horizontal, False), _plane(horizontal, vertical, True)
    # A turned plane has to hold all of the image: bands of it would be columns.
    fits = turned.bytes <= upright.bytes and turned.band_rows == turned.rows.outputs
    plain = turned.is_3x3 and op.stride == (1, 1)
    return turned if plain and fits and _work_3x3(turned) < _work_3x3(upright) else upright


def _plane(vertical: Axis, horizontal: Axis, turned: bool) -> Plane:
    used = horizontal.used(horizontal.outputs)
    # Taps are read in pairs: of an odd kernel, one element beyond.
    width = used + (horizontal.taps % 2 if horizontal.stride > 1 or horizontal.taps != 3 else 0)
    width += width % 2
    gathered = min(max(used - horizontal.pad, 0), horizontal.inputs)
    rows = vertical.outputs
    if 2 * width * vertical.used(rows) > _PLANE_BYTES:
        fitting = [r for r in range(1, rows) if 2 * width * vertical.used(r) <= _PLANE_BYTES]
        rows = max(fitting, default=1)
        # As many bands, but of even height.
        bands = -(-vertical.outputs // rows)
        rows = -(-vertical.outputs // bands)
    return Plane(vertical, horizontal, turned, width, gathered, rows, vertical.used(rows))


def lane_distance(op: DepthwiseConv2d, graph: Graph, plane: Plane) -> int:
    """The overlap distance: bands are read, then written, and every channel touches only its own bytes."""
    if plane.band_rows == plane.rows.outputs:
        return 0
    x, out = graph.tensor(op.inputs[0]), graph.tensor(op.outputs[0])
    bands = range(0, out.shape[1], plane.band_rows)
    written = [min(first + plane.band_rows, out.shape[1]) * out.shape[2] for first in bands]
    first_read: list[int | None] = []
    for first in bands:
        # Rows that the band before has read are kept in scratch.
        kept = max(plane.kernel[0] - op.stride[0], 0) if first else 0
        row = max(first * op.stride[0] - op.padding[0] + kept, 0)
        first_read.append(row * x.shape[2] if row < x.shape[1] else None)
    return overlap_distance(written, first_read) * x.shape[3]


def _packed(op: DepthwiseConv2d, graph: Graph) -> PackedChannels:
    """Channels with their taps in a row, as the plane lies: zero taps in the gaps of a dilated kernel."""
    tensors = graph.input_tensors(op)
    x, weights, out = tensors[0], tensors[1], graph.tensor(op.outputs[0])
    assert weights.data is not None
    plane = scratch_plane(op, graph)
    kernel = plane.kernel[::-1] if plane.turned else plane.kernel
    taps = np.zeros((*kernel, weights.shape[3]), np.int8)
    taps[:: op.dilation[0], :: op.dilation[1]] = weights.data[0]
    if plane.turned:
        taps = taps.swapaxes(0, 1)
    bias = tensors[2].data if len(tensors) > 2 else None
    rows = taps.reshape(-1, weights.shape[3]).T
    return pack_channels(rows, bias, op.requantization(tensors, [out]), x, out, op.clamp, doubled=True)


def _stream(channels: PackedChannels, plane: Plane, bits: int) -> Constant:
    """For each channel: bias, rows of weights, multiplier, shift; 3x3 kernels carry the shift in a spare byte."""
    words = _byte_words(channels, plane) if bits == 8 else _nibble_words(channels, plane)
    shifts = as_words(channels.shift & 0xFF)[:, None]
    parts = [as_words(channels.bias)[:, None], words, as_words(channels.multiplier)[:, None]]
    if plane.is_3x3:
        words[:, 0] |= shifts[:, 0] << 24
    else:
        parts.append(shifts)
    return Constant("weights", np.hstack(parts).reshape(-1).astype(np.uint32))


def _byte_words(channels: PackedChannels, plane: Plane) -> npt.NDArray[np.uint32]:
    rows = _rows(channels, plane, 4).astype(np.int8)
    return np.ascontiguousarray(rows).reshape(len(rows), -1).view(np.dtype("<u4")).astype(np.uint32)


def _nibble_words(channels: PackedChannels, plane: Plane) -> npt.NDArray[np.uint32]:
    """Low and high nibbles: rows 0 and 1 (the third is alone) of 3x3 kernels, else fours of a row."""
    rows = _rows(channels, plane, 4 if plane.is_3x3 else 8) + 8
    if plane.is_3x3:
        rows[..., 3] = 0
        rows = np.pad(rows, ((0, 0), (0, 1), (0, 0)))
        low, high = rows[:, ::2], rows[:, 1::2]
    else:
        halves = rows.reshape(*rows.shape[:2], -1, 2, 4)
        low, high = halves[..., 0, :], halves[..., 1, :]
    packed = np.ascontiguousarray(low | high << 4).astype(np.uint8)
    return packed.reshape(len(packed), -1).view(np.dtype("<u4")).astype(np.uint32)


def _rows(channels: PackedChannels, plane: Plane, unit: int) -> npt.NDArray[np.int64]:
    """(channels, kernel_h, kernel_w rounded up to `unit`), in the order that the words of a row have their bytes."""
    kernel_h, kernel_w = plane.kernel
    count = len(channels.weights)
    rows = np.zeros((count, kernel_h, -(-kernel_w // unit) * unit), np.int64)
    rows[:, :, :kernel_w] = channels.weights.reshape(count, kernel_h, kernel_w)
    if not plane.is_3x3:
        # SXTB16 takes bytes 0 and 2: neighbours go there.
        rows = rows.reshape(count, kernel_h, -1, 2, 2).swapaxes(3, 4).reshape(rows.shape)
    return rows
