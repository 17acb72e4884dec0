"""Convolution with three taps along the width by Winograd's F(2, 3) in integers, on DSP instructions."""

from __future__ import annotations

from typing import ClassVar

import numpy as np
import numpy.typing as npt

from mcugen.boards.board import Cpu
from mcugen.graph.graph import Graph
from mcugen.graph.ops.base import Operator
from mcugen.graph.ops.convolution.conv2d import Conv2d
from mcugen.kernels.base import Constant, Invocation, Kernel, Overlap
from mcugen.kernels.dsp.conv2d import conv2d_params, packed_conv2d
from mcugen.kernels.dsp.gemm import quads
from mcugen.kernels.dsp.paired import CYCLES
from mcugen.kernels.dsp.winograd import COLUMNS, PRODUCTS, TILES, G, two_by_two
from mcugen.kernels.images import cost_per_image, per_image
from mcugen.kernels.overlap import overlap_distance
from mcugen.kernels.requantization import PackedChannels

_POSITIONS = 4


class Conv2dWinogradRowDsp(Kernel):
    """mcugen_dsp_conv2d_winograd_row_s8: 1.5 times fewer multiplications, 2.7 times the weights."""

    name: ClassVar[str] = "conv2d_winograd_row_s8.dsp"
    library: ClassVar[str] = "dsp"
    operator: ClassVar[type[Operator]] = Conv2d
    enlarges: ClassVar[bool] = True

    def supports(self, op: Operator, graph: Graph, cpu: Cpu) -> bool:
        if not isinstance(op, Conv2d) or not cpu.dsp or op.groups(graph.input_tensors(op)) != 1:
            return False
        if graph.tensor(op.inputs[1]).shape[2] != 3 or op.stride[1] != 1:
            return False
        return not packed_conv2d(op, graph, doubled=True).general

    @per_image
    def invoke(self, op: Operator, graph: Graph) -> Invocation:
        assert isinstance(op, Conv2d)
        x, pairs = graph.tensor(op.inputs[0]), _pairs(op, graph)
        return Invocation(
            kernel=self.name,
            function="mcugen_dsp_conv2d_winograd_row_s8",
            source="dsp/convolution/conv2d_winograd_row_s8.c",
            params_type="mcugen_dsp_conv2d_params",
            params=conv2d_params(op, graph, False),
            inputs=(x.name,),
            constants=(_weight_stream(packed_conv2d(op, graph, doubled=True), op, graph),),
            outputs=op.outputs,
            scratch_bytes=4 * _POSITIONS * (TILES * pairs + PRODUCTS) + -(-COLUMNS * x.shape[3] // 4) * 4,
            overlaps=(Overlap(0, _tiles_distance(op, graph)),),
        )

    @cost_per_image
    def cost(self, op: Operator, graph: Graph) -> float:
        assert isinstance(op, Conv2d)
        out, pairs = graph.tensor(op.outputs[0]), _pairs(op, graph)
        blocks = out.shape[1] * sum(-(-outputs // (2 * TILES)) for outputs in _outputs(op, graph))
        inputs = 65 * pairs + 100 * graph.tensor(op.inputs[1]).shape[1]
        outputs = -(-out.shape[3] // 2) * (_POSITIONS * (16 * pairs + 19) + 330)
        return blocks * (inputs + outputs) / CYCLES


def _pairs(op: Conv2d, graph: Graph) -> int:
    """Pairs of inputs of all rows of taps."""
    _, kernel_h, _, input_c = graph.tensor(op.inputs[1]).shape
    return kernel_h * 2 * quads(input_c)


def _outputs(op: Conv2d, graph: Graph) -> list[int]:
    """Columns of outputs that are `dilation` apart, for each first one."""
    width, dilation = graph.tensor(op.outputs[0]).shape[2], op.dilation[1]
    return [len(range(first, width, dilation)) for first in range(min(dilation, width))]


def _weight_stream(channels: PackedChannels, op: Conv2d, graph: Graph) -> Constant:
    """See kernels_cmsis/dsp/convolution/conv2d_winograd_row_s8.c for the order."""
    _, kernel_h, _, input_c = graph.tensor(op.inputs[1]).shape
    count = len(channels.weights)
    taps = channels.weights.astype(np.int64).reshape(count, kernel_h, 3, input_c)
    taps = np.pad(taps, ((0, count % 2), (0, 0), (0, 0), (0, 4 * quads(input_c) - input_c)))
    transformed = np.einsum("ia,orac->oirc", G, taps).astype(np.int16)
    # Pairs are the channels (0, 2) and (1, 3) of a quad.
    pairs = transformed.reshape(count + count % 2, -1, 2, 2).swapaxes(2, 3)
    words: npt.NDArray[np.uint32] = np.ascontiguousarray(pairs).view(np.dtype("<u4"))[..., 0].astype(np.uint32)
    words = words.reshape(-1, 2, words[0].size).swapaxes(1, 2)
    return two_by_two(words, channels, channels.bias)


def _tiles_distance(op: Conv2d, graph: Graph) -> int:
    """The overlap distance: the inputs of four tiles are read, then their outputs are written."""
    x, out, weights = graph.tensor(op.inputs[0]), graph.tensor(op.outputs[0]), graph.tensor(op.inputs[1])
    dilation = op.dilation[1]
    width = 2 * TILES * dilation
    written, first_read, end = [], [], 0
    for row in range(out.shape[1]):
        rows = [row * op.stride[0] - op.padding[0] + tap * op.dilation[0] for tap in range(weights.shape[1])]
        rows = [r for r in rows if 0 <= r < x.shape[1]]
        for first in range(0, out.shape[2], width):
            for column in range(first, min(first + dilation, out.shape[2])):
                last = range(column, min(first + width, out.shape[2]), dilation)[-1]
                end = max(end, (row * out.shape[2] + last + 1) * out.shape[3])
                read = range(column - op.padding[1], column - op.padding[1] + COLUMNS * dilation, dilation)
                inside = [c for c in read if 0 <= c < x.shape[2]]
                written.append(end)
                first_read.append((rows[0] * x.shape[2] + inside[0]) * x.shape[3] if rows and inside else None)
    return overlap_distance(written, first_read)
