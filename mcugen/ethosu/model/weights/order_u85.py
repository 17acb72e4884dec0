"""The order of weights in the streams of a U85, from the outermost loop to the innermost.

Blocks of output channels (OFM_BLK_DEPTH); blocks of input channels, forwards and backwards in turn; sub-kernels of 8×8
elements at most, dilated, columns before rows; input ublocks; output ublocks; elements of the sub-kernel (those of
each phase of the stride together, part-kernel-first and in depthwise convolutions, every other row backwards), filled
up to a multiple of 5 or 10; 8 input channels (16 of sparse weights); groups of four output channels, which the streams
take in turn; channels of the group; input channels. Depthwise, more zeros follow each ten elements on the larger NPUs.

Source: `ethos_u85_weight_encoder.cpp` of Arm's Vela 5, and streams of known weights.
"""

from __future__ import annotations

import functools
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

_SUBKERNEL = 8
_GROUP = 4
_DEPTHWISE_ROUND = 10


@dataclass(frozen=True)
class LayoutU85:
    """What the order depends on.

    Attributes:
        kernel: height and width, not dilated.
        inputs, outputs: channels; a depthwise convolution has one input.
        block_depth: output channels of a block.
        ublock_depth: of the output's ublock.
        streams: of the NPU; `is_fast`: the only stream holds all of them, piece by piece.
        item: bytes of an input's element.
    """

    kernel: tuple[int, int]
    stride: tuple[int, int]
    dilation: tuple[int, int]
    inputs: int
    outputs: int
    block_depth: int
    ublock_depth: int
    streams: int
    macs: int
    item: int
    is_part_kernel_first: bool
    is_depthwise: bool
    is_sparse: bool
    is_fast: bool

    @property
    def input_block(self) -> int:
        """Input channels of a block."""
        if self.is_part_kernel_first:
            return 16
        if self.item == 4 or (self.macs <= 256 and self.ublock_depth == 16 and not self.is_sparse):
            return 32
        return 128 if self.is_sparse and self.item == 1 else 64

    @property
    def input_ublock(self) -> int:
        """Input channels between which output ublocks change."""
        if self.is_depthwise:
            return 1
        return 8 if self.is_part_kernel_first and self.item == 2 and not self.is_sparse else self.input_block

    @property
    def element_multiple(self) -> int:
        if self.is_depthwise:
            return _DEPTHWISE_ROUND
        if self.is_part_kernel_first:
            return 10 if self.item == 2 or self.is_sparse else 5
        return 1

    @property
    def fill(self) -> int:
        """Elements of zeros behind each ten of a depthwise kernel."""
        if not self.is_depthwise or (self.item == 1 and self.macs <= 256):
            return 0
        return 2 if self.macs <= 512 else 6


@functools.lru_cache(128)
def orders(layout: LayoutU85) -> tuple[npt.NDArray[np.int64], ...]:
    """For each stream, and each of its weights, the index in (outputs, kernel height, width, inputs), −1 for zeros."""
    found = [np.concatenate(list(_pieces(layout, stream))) for stream in range(layout.streams)]
    if not layout.is_fast or layout.streams == 1:
        return tuple(found)
    size = layout.ublock_depth * layout.input_ublock * layout.element_multiple // layout.streams
    blocks = [pieces.reshape(-1, size) for pieces in found]
    return (np.stack(blocks, axis=1).ravel(),)


def _pieces(layout: LayoutU85, stream: int) -> Iterator[npt.NDArray[np.int64]]:
    limits = [_SUBKERNEL // dilation for dilation in layout.dilation]
    firsts = list(range(0, 1 if layout.is_depthwise else layout.inputs, layout.input_block))
    for number, o in enumerate(range(0, layout.outputs, layout.block_depth)):
        outputs = min(layout.block_depth, layout.outputs - o)
        for i in firsts[::-1] if number % 2 else firsts:
            for x in range(0, layout.kernel[1], limits[1]):
                for y in range(0, layout.kernel[0], limits[0]):
                    size = min(limits[0], layout.kernel[0] - y), min(limits[1], layout.kernel[1] - x)
                    yield _piece(layout, stream, (o, outputs), i, (y, x), size)


def _elements(layout: LayoutU85, size: tuple[int, int]) -> list[tuple[int, int]]:
    """Rows and columns of a sub-kernel's elements in their order; (−1, −1) where zeros fill up."""
    strides = layout.stride if layout.is_part_kernel_first or layout.is_depthwise else (1, 1)
    found = []
    for first_y in range(strides[0]):
        for first_x in range(strides[1]):
            for number, y in enumerate(range(first_y, size[0], strides[0])):
                columns = list(range(first_x, size[1], strides[1]))
                found += [(y, x) for x in (columns[::-1] if number % 2 else columns)]
    found += [(-1, -1)] * (-len(found) % layout.element_multiple)
    if not layout.fill:
        return found
    tens = [found[at : at + _DEPTHWISE_ROUND] for at in range(0, len(found), _DEPTHWISE_ROUND)]
    return [element for ten in tens for element in ten + [(-1, -1)] * layout.fill]


def _piece(
    layout: LayoutU85, stream: int, block: tuple[int, int], first: int, at: tuple[int, int], size: tuple[int, int]
) -> npt.NDArray[np.int64]:
    """The weights of one block of outputs, block of inputs and sub-kernel."""
    step = 1 if layout.is_depthwise else 16 if layout.is_sparse else 8
    depth = 1 if layout.is_depthwise else min(layout.input_block, layout.inputs - first)
    # Axes: input ublock, output ublock, element, inputs, group of outputs, output, input.
    i = first + np.arange(0, depth, layout.input_ublock).reshape(-1, 1, 1, 1, 1, 1, 1)
    i = i + np.arange(0, layout.input_ublock, step).reshape(-1, 1, 1, 1) + np.arange(step)
    o = block[0] + np.arange(0, block[1], layout.ublock_depth).reshape(-1, 1, 1, 1, 1, 1)
    o = o + np.arange(stream * _GROUP, layout.ublock_depth, _GROUP * layout.streams).reshape(-1, 1, 1)
    o = o + np.arange(_GROUP).reshape(-1, 1)
    elements = np.array(_elements(layout, size))
    y, x = (elements[:, axis].reshape(-1, 1, 1, 1, 1) for axis in (0, 1))
    index = ((o * layout.kernel[0] + at[0] + y) * layout.kernel[1] + at[1] + x) * layout.inputs + i
    return np.where((o < layout.outputs) & (y >= 0) & (i < layout.inputs), index, -1).ravel()


def arrange(streams: list[npt.NDArray[np.int16]], layout: LayoutU85) -> npt.NDArray[np.int16]:
    """Decoded streams as weights (outputs, kernel height, kernel width, inputs).

    Raises:
        ValueError: one is too short, or has weights where zeros fill up: it is in another order.
    """
    result = np.zeros(layout.outputs * layout.kernel[0] * layout.kernel[1] * layout.inputs, np.int16)
    for stream, index in zip(streams, orders(layout), strict=True):
        is_weight = index >= 0
        last = int(np.flatnonzero(is_weight)[-1]) + 1 if is_weight.any() else 0
        if len(stream) < last:
            raise ValueError(f"has {len(stream)} weights, {last} are needed")
        count = min(len(stream), len(index))
        if stream[:count][~is_weight[:count]].any():
            raise ValueError("has weights where zeros must stand: its order is another")
        result[index[:count][is_weight[:count]]] = stream[:count][is_weight[:count]]
    return result.reshape(layout.outputs, *layout.kernel, layout.inputs)
