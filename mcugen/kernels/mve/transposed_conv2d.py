"""Transposed convolution on Helium."""

from __future__ import annotations

import math
from typing import ClassVar, NamedTuple

import numpy as np

from mcugen.boards.board import Cpu
from mcugen.graph.graph import Graph
from mcugen.graph.ops import TransposedConv2d
from mcugen.graph.ops.base import Operator
from mcugen.graph.tensor import IntArray
from mcugen.kernels.base import Constant, Invocation
from mcugen.kernels.fields import zero_point_fields
from mcugen.kernels.images import cost_per_image, per_image
from mcugen.kernels.mve import gemm
from mcugen.kernels.mve.channels import LaneChannels, lane_channels
from mcugen.kernels.mve.common import InLanes
from mcugen.kernels.portable.convolution.transposed_conv2d import Phase, TransposedConv2dPortable, axis_phases
from mcugen.kernels.portable.weighted import weight_bits

# As in conv2d.py.
_STRIP_BYTES = 1024
_LARGEST_STRIP_BYTES = 16384


class _Window(NamedTuple):
    """The input positions that a phase meets along one axis, upwards.

    Attributes:
        first: from the output's own input position.
        taps: of the kernel, in this order.
        step: input positions from one tap to the next.
    """

    first: int
    taps: tuple[int, ...]
    step: int

    @property
    def span(self) -> int:
        return (len(self.taps) - 1) * self.step + 1 if self.taps else 0


class _Strip(NamedTuple):
    """How rows are cut; see kernels_cmsis/mve/convolution/transposed_conv2d_s8.c.

    Attributes:
        rows, columns: of each phase along each axis.
        first, width: columns of the strip of one input position.
        block_w: input positions at a time.
        bytes: of scratch.
    """

    rows: tuple[_Window, ...]
    columns: tuple[_Window, ...]
    first: int
    width: int
    block_w: int
    bytes: int


class TransposedConv2dMve(InLanes, TransposedConv2dPortable):
    """mcugen_mve_transposed_conv2d_s8: for each phase a matrix product over windows in a strip."""

    name: ClassVar[str] = "transposed_conv2d_s8.mve"

    def supports(self, op: Operator, graph: Graph, cpu: Cpu) -> bool:
        return super().supports(op, graph, cpu) and _strip(op, graph).bytes <= _LARGEST_STRIP_BYTES

    @per_image
    def invoke(self, op: Operator, graph: Graph) -> Invocation:
        assert isinstance(op, TransposedConv2d)
        x, out = graph.tensor(op.inputs[0]), graph.tensor(op.outputs[0])
        strip = _strip(op, graph)
        packed = _Packed.of(op, graph, strip)
        return Invocation(
            kernel=self.name,
            function="mcugen_mve_transposed_conv2d_s8",
            source="mve/convolution/transposed_conv2d_s8.c",
            params_type="mcugen_mve_transposed_conv2d_params",
            params={
                "input_h": x.shape[1],
                "input_w": x.shape[2],
                "input_c": x.shape[3],
                "output_h": out.shape[1],
                "output_w": out.shape[2],
                "output_c": out.shape[3],
                "stride_h": op.stride[0],
                "stride_w": op.stride[1],
                "pad_top": op.padding[0],
                "pad_left": op.padding[1],
                "step_h": strip.rows[0].step,
                "first_column": strip.first,
                "columns": strip.width,
                "block_w": strip.block_w,
                "rows": _shared([len(window.taps) for window in strip.rows]),
                "chunks": _shared(packed.chunks),
                "groups": op.groups(graph.input_tensors(op)),
                **zero_point_fields(op, graph),
                "general_requantization": int(packed.general),
                "weight_bits": weight_bits(graph.tensor(op.inputs[1])),
            },
            inputs=(x.name,),
            constants=packed.constants,
            outputs=(out.name,),
            scratch_bytes=strip.bytes,
        )

    @cost_per_image
    def cost(self, op: Operator, graph: Graph) -> float:
        assert isinstance(op, TransposedConv2d)
        x, weights, out = graph.tensor(op.inputs[0]), graph.tensor(op.inputs[1]), graph.tensor(op.outputs[0])
        depth, groups = weights.shape[3], x.shape[3] // weights.shape[3]
        strip = _strip(op, graph)
        positions = -(-out.shape[2] // op.stride[1])
        blocks = -(-positions // strip.block_w)
        columns = positions + blocks * (strip.width - 1)
        column = 7 / (gemm.LANES // depth) if depth < gemm.LANES and groups == 1 else 3 * gemm.chunks(depth) + 4
        total = 0.0
        for rows in strip.rows:
            making = len(rows.taps) * (columns * column + 25 * blocks) + 20 * blocks
            products = 0.0
            for window in strip.columns:
                taps = max(window.span * len(rows.taps) * depth, 1)
                products += gemm.instructions(positions // 2, positions % 2, taps, out.shape[3] // groups) + 25 * blocks
            total += (making + products) * out.shape[1] / op.stride[0]
        return groups * total + 30 * out.shape[1]


class TransposedConv2dS4Mve(TransposedConv2dMve):
    """The same with int4 weights, two a byte."""

    name: ClassVar[str] = "transposed_conv2d_s4.mve"
    weight_dtype: ClassVar[str] = "int4"


def _windows(phases: list[Phase], step: int) -> tuple[_Window, ...]:
    return tuple(
        _Window(-phase.before - (len(phase.taps) - 1) * step, tuple(reversed(phase.taps)), step)
        if phase.taps
        else _Window(0, (), step)
        for phase in phases
    )


def _strip(op: Operator, graph: Graph) -> _Strip:
    """Blocks as long as the strip's limit lets them be, and of equal length."""
    assert isinstance(op, TransposedConv2d)
    weights, out = graph.tensor(op.inputs[1]), graph.tensor(op.outputs[0])
    phases = axis_phases(op, weights.shape[1:3])
    steps = [d // math.gcd(d, s) for d, s in zip(op.dilation, op.stride, strict=True)]
    rows, columns = (_windows(own, step) for own, step in zip(phases, steps, strict=True))
    first = min((window.first for window in columns if window.taps), default=0)
    end = max((window.first + window.span for window in columns if window.taps), default=first + 1)

    def size(positions: int) -> int:
        """The strip, and what the last vector of a window reaches beyond it."""
        most = 0
        for row in rows:
            column = len(row.taps) * weights.shape[3]
            strip = (positions - 1 + end - first) * column
            starts = [(w.first - first if w.taps else 0, w.span * column) for w in columns]
            reach = max(
                (positions - 1 + start) * column + gemm.LANES * max(gemm.chunks(taps), 1) for start, taps in starts
            )
            most = max(most, strip, reach)
        return most

    width = (out.shape[2] - 1 + op.padding[1]) // op.stride[1] + 1 - op.padding[1] // op.stride[1]
    fitting = max((n for n in range(2, width + 1) if size(n) <= _STRIP_BYTES), default=min(width, 2))
    block = -(-width // -(-width // fitting))
    block = min(block + block % 2, width)
    return _Strip(rows, columns, first, end - first, block, size(block))


def _shared(counts: list[int]) -> int:
    """The number if all are the same, else 0."""
    return counts[0] if len(set(counts)) == 1 else 0


class _Packed(NamedTuple):
    constants: tuple[Constant, ...]
    chunks: list[int]
    general: bool

    @classmethod
    def of(cls, op: TransposedConv2d, graph: Graph, strip: _Strip) -> _Packed:
        """A weight stream for each pair of phases, with a bias of its own."""
        groups = op.groups(graph.input_tensors(op))
        table = [n for window in strip.rows for n in (len(window.taps), window.first)]
        streams: list[IntArray] = []
        chunks: list[int] = []
        start = 0
        general = False
        for row in strip.rows:
            for column in strip.columns:
                channels = _channels(op, graph, row, column)
                stream = gemm.weight_stream(channels, groups, weight_bits(graph.tensor(op.inputs[1]))).data
                chunks.append(gemm.chunks(channels.weights.shape[1]))
                table += [column.first - strip.first if column.taps else 0, chunks[-1], start]
                streams.append(stream)
                start += len(stream)
                general = channels.general
        constants = (Constant("weights", np.concatenate(streams)), Constant("phases", np.array(table, np.int32)))
        return cls(constants, chunks, general)


def _channels(op: TransposedConv2d, graph: Graph, row: _Window, column: _Window) -> LaneChannels:
    """The taps that a pair of phases meets, column by column; at least one weight, which may be 0."""
    tensors, out = graph.input_tensors(op), graph.tensor(op.outputs[0])
    weights: IntArray | None = tensors[1].data
    assert weights is not None
    count, depth = weights.shape[0], weights.shape[3]
    taps: IntArray = np.zeros((count, column.span, len(row.taps), depth), np.int8)
    if taps.size:
        part = weights[:, list(row.taps)][:, :, list(column.taps)]
        taps[:, :: column.step] = part.transpose(0, 2, 1, 3)
    flat = taps.reshape(count, -1) if taps.size else np.zeros((count, 1), np.int8)
    bias = tensors[2].data if len(tensors) > 2 else None
    return lane_channels(flat, bias, op.requantization(tensors, [out]), tensors[0])
