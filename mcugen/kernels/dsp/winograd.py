"""3x3 convolution with stride 1 by Winograd's F(2x2, 3x3) in integers, on DSP instructions."""

from __future__ import annotations

import math
from typing import ClassVar

import numpy as np
import numpy.typing as npt

from mcugen.boards.board import Cpu
from mcugen.graph.arithmetic import INT32_MAX, INT32_MIN
from mcugen.graph.graph import Graph
from mcugen.graph.ops.accumulator import channel_ranges
from mcugen.graph.ops.base import Operator
from mcugen.graph.ops.convolution.conv2d import Conv2d
from mcugen.graph.tensor import Tensor
from mcugen.kernels.base import Constant, Invocation, Kernel, Overlap
from mcugen.kernels.dsp.conv2d import conv2d_params, packed_conv2d
from mcugen.kernels.dsp.gemm import as_words, bytes_as_word, quads
from mcugen.kernels.dsp.paired import CYCLES
from mcugen.kernels.images import cost_per_image, per_image
from mcugen.kernels.overlap import overlap_distance
from mcugen.kernels.requantization import PackedChannels

TILES = 4  # side by side, 2x2 outputs each
COLUMNS = 2 * TILES + 2
PRODUCTS = 8
_BAND_BYTES = 24576
G = np.array([[2, 0, 0], [1, 1, 1], [1, -1, 1], [0, 0, 2]], np.int64)
"""Lavin and Gray, arXiv:1509.09308, times two."""


class Conv2dWinogradDsp(Kernel):
    """mcugen_dsp_conv2d_winograd_s8: 2.25 times fewer multiplications, 3.6 times the weights."""

    name: ClassVar[str] = "conv2d_winograd_s8.dsp"
    library: ClassVar[str] = "dsp"
    operator: ClassVar[type[Operator]] = Conv2d
    enlarges: ClassVar[bool] = True

    def supports(self, op: Operator, graph: Graph, cpu: Cpu) -> bool:
        return isinstance(op, Conv2d) and cpu.dsp and _is_plain(op, graph) and _fits(op, graph)

    @per_image
    def invoke(self, op: Operator, graph: Graph) -> Invocation:
        assert isinstance(op, Conv2d)
        x = graph.tensor(op.inputs[0])
        return Invocation(
            kernel=self.name,
            function="mcugen_dsp_conv2d_winograd_s8",
            source="dsp/convolution/conv2d_winograd_s8.c",
            params_type="mcugen_dsp_conv2d_params",
            params=conv2d_params(op, graph, False),
            inputs=(x.name,),
            constants=(_weight_stream(packed_conv2d(op, graph, doubled=True), x.shape[3]),),
            outputs=op.outputs,
            scratch_bytes=_scratch_bytes(x.shape[3], 1),
            overlaps=(Overlap(0, _tiles_distance(op, graph)),),
        )

    @cost_per_image
    def cost(self, op: Operator, graph: Graph) -> float:
        return tiles_cost(op, graph)


class Conv2dWinogradLightDsp(Kernel):
    """mcugen_dsp_conv2d_winograd_light_s8: the same from the model's own weights, transformed at run time."""

    name: ClassVar[str] = "conv2d_winograd_light_s8.dsp"
    library: ClassVar[str] = "dsp"
    operator: ClassVar[type[Operator]] = Conv2d

    def supports(self, op: Operator, graph: Graph, cpu: Cpu) -> bool:
        return isinstance(op, Conv2d) and cpu.dsp and _is_plain(op, graph) and _fits(op, graph)

    @per_image
    def invoke(self, op: Operator, graph: Graph) -> Invocation:
        assert isinstance(op, Conv2d)
        x, out = graph.tensor(op.inputs[0]), graph.tensor(op.outputs[0])
        band = _band_tile_rows(x, out)
        tiles = band * -(-out.shape[2] // (2 * TILES))
        return Invocation(
            kernel=self.name,
            function="mcugen_dsp_conv2d_winograd_light_s8",
            source="dsp/convolution/conv2d_winograd_light_s8.c",
            params_type="mcugen_dsp_conv2d_params",
            params=conv2d_params(op, graph, False),
            inputs=(x.name,),
            constants=(_light_stream(packed_conv2d(op, graph, doubled=True), x.shape[3]),),
            outputs=op.outputs,
            scratch_bytes=_scratch_bytes(x.shape[3], tiles) + 256 * quads(x.shape[3]),
            overlaps=(Overlap(0, _bands_distance(op, graph, band)),),
        )

    @cost_per_image
    def cost(self, op: Operator, graph: Graph) -> float:
        x, out = graph.tensor(op.inputs[0]), graph.tensor(op.outputs[0])
        bands = -(-out.shape[1] // (2 * _band_tile_rows(x, out)))
        return tiles_cost(op, graph) + bands * out.shape[3] * (quads(x.shape[3]) * 185 + 60) / CYCLES


def tiles_cost(op: Operator, graph: Graph) -> float:
    """Of transforming all tiles, and of their products and outputs."""
    x, out = graph.tensor(op.inputs[0]), graph.tensor(op.outputs[0])
    blocks = -(-out.shape[1] // 2) * -(-out.shape[2] // (2 * TILES))
    inputs = quads(x.shape[3]) * 720 + 200
    outputs = -(-out.shape[3] // 2) * (16 * (32 * quads(x.shape[3]) + 19) + 810)
    return blocks * (inputs + outputs) / CYCLES


def _band_tile_rows(x: Tensor, out: Tensor) -> int:
    """As mcugen_dsp_band_tile_rows."""
    rows, blocks = -(-out.shape[1] // 2), -(-out.shape[2] // (2 * TILES))
    around = math.prod(x.shape[1:]) + math.prod(out.shape[1:])
    fit = max(_BAND_BYTES - around // 2, 0) // (_tiles_bytes(x.shape[3]) * blocks)
    bands = -(-rows // fit) if fit else rows
    return -(-rows // bands)


def _is_plain(op: Conv2d, graph: Graph) -> bool:
    weights = graph.tensor(op.inputs[1])
    if weights.shape[1:3] != (3, 3) or op.groups(graph.input_tensors(op)) != 1:
        return False
    return op.stride == (1, 1) and op.dilation == (1, 1)


def _fits(op: Conv2d, graph: Graph) -> bool:
    """True when four times every channel's accumulator fits 32 bits, for all inputs."""
    channels, x = packed_conv2d(op, graph, doubled=True), graph.tensor(op.inputs[0])
    if channels.general:
        return False
    low, high = channel_ranges(channels.weights, channels.bias // 2, 0, x.integer_range)
    return bool((4 * low >= INT32_MIN).all() and (4 * high <= INT32_MAX).all())


def _tiles_bytes(input_c: int) -> int:
    """Four transformed tiles, with room for their products."""
    return 64 * (2 * quads(input_c) * TILES + PRODUCTS)


def _scratch_bytes(input_c: int, blocks: int) -> int:
    """So many times four transformed tiles, one quad of their columns, zero points in place of a row."""
    return blocks * _tiles_bytes(input_c) + 32 * COLUMNS + COLUMNS * input_c


def _weight_stream(channels: PackedChannels, input_c: int) -> Constant:
    """See kernels_cmsis/dsp/convolution/conv2d_winograd_s8.c for the order."""
    count = len(channels.weights)
    taps = channels.weights.astype(np.int64).reshape(count, 3, 3, input_c)
    taps = np.pad(taps, ((0, count % 2), (0, 0), (0, 0), (0, 4 * quads(input_c) - input_c)))
    transformed = np.einsum("ia,oabc,jb->ojic", G, taps, G).astype(np.int16)
    # Pairs are the channels (0, 2) and (1, 3) of a quad.
    pairs = transformed.reshape(count + count % 2, 16, -1, 2, 2).swapaxes(3, 4)
    words: npt.NDArray[np.uint32] = np.ascontiguousarray(pairs).view(np.dtype("<u4"))[..., 0].astype(np.uint32)
    words = words.reshape(-1, 2, 16 * pairs.shape[2] * 2).swapaxes(1, 2)
    return two_by_two(words, channels, 2 * channels.bias)


def _light_stream(channels: PackedChannels, input_c: int) -> Constant:
    """See kernels_cmsis/dsp/convolution/conv2d_winograd_light_s8.c for the order."""
    count = len(channels.weights)
    taps = channels.weights.reshape(count, 9, input_c)
    taps = np.pad(taps, ((0, count % 2), (0, 0), (0, 4 * quads(input_c) - input_c)))
    by_quad = taps.reshape(count + count % 2, 9, -1, 4).swapaxes(1, 2)
    words = np.ascontiguousarray(by_quad).view(np.dtype("<u4"))[..., 0].astype(np.uint32)
    return two_by_two(words.reshape(-1, 2, words.shape[1] * 9), channels, 2 * channels.bias)


def two_by_two(words: npt.NDArray[np.uint32], channels: PackedChannels, biases: npt.NDArray[np.int64]) -> Constant:
    """Behind the words of each two channels their biases, multipliers and exponents."""
    count = len(channels.weights)
    bias, multiplier = (np.pad(a, (0, count % 2)) for a in (biases, channels.multiplier))
    parts: list[npt.NDArray[np.uint32]] = []
    for first in range(0, count, 2):
        own = slice(first, first + 2)
        exponents = bytes_as_word(channels.shift[own] - 1)
        parts += [words[first // 2].reshape(-1), as_words(bias[own]), as_words(multiplier[own]), exponents]
    return Constant("weights", np.concatenate(parts))


def _bands_distance(op: Conv2d, graph: Graph, band: int) -> int:
    """The overlap distance: bands of so many rows of tiles are read, then written."""
    x, out = graph.tensor(op.inputs[0]), graph.tensor(op.outputs[0])
    rows = range(0, out.shape[1], 2 * band)
    written = [min(row + 2 * band, out.shape[1]) * out.shape[2] * out.shape[3] for row in rows]
    first = [max(row - op.padding[0], 0) for row in rows]
    row_bytes = x.shape[2] * x.shape[3]
    return overlap_distance(written, [row * row_bytes if row < x.shape[1] else None for row in first])


def _tiles_distance(op: Conv2d, graph: Graph) -> int:
    """The overlap distance: the inputs of four tiles are read, then their outputs are written, row of tiles by row."""
    x, out = graph.tensor(op.inputs[0]), graph.tensor(op.outputs[0])
    written: list[int] = []
    first_read: list[int | None] = []
    for row in range(0, out.shape[1], 2):
        for column in range(0, out.shape[2], 2 * TILES):
            last_row = min(row + 2, out.shape[1]) - 1
            end = min(column + 2 * TILES, out.shape[2])
            written.append((last_row * out.shape[2] + end) * out.shape[3])
            first_read.append(_first_byte(x, row - op.padding[0], column - op.padding[1]))
    return overlap_distance(written, first_read)


def _first_byte(x: Tensor, row: int, column: int) -> int | None:
    """The lowest input byte that tiles from (row, column) on read; None when they read none."""
    _, height, width, depth = x.shape
    if row >= height or row + 4 <= 0 or column >= width or column + COLUMNS <= 0:
        return None
    return (max(row, 0) * width + max(column, 0)) * depth
