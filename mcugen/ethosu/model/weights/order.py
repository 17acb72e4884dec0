"""The order of weights in a stream, from the outermost loop to the innermost.

Blocks of output channels (OFM_BLK_DEPTH); blocks of 32 input channels (16 when part-kernel-first, or with 16-bit
inputs); sub-kernels of 8×8 elements at most, dilated; [part-kernel-first: input ublocks]; output ublocks; elements of
the sub-kernel by rows; [depth-first: input ublocks]; output channels within a ublock; input channels within a ublock.
What the blocks have beyond the weights is filled with zeros; a sub-kernel has a multiple of 4 elements when
part-kernel-first (2 with 16-bit inputs) and in depthwise convolutions.

Source: found by decoding streams of known weights; the same loops as in Vela's `weight_compressor.py`.
"""

from __future__ import annotations

import functools
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

_SUBKERNEL = 8


@dataclass(frozen=True)
class Layout:
    """What the order depends on.

    Attributes:
        kernel: height and width, not dilated.
        inputs, outputs: channels; a depthwise convolution has one input.
        block_depth: output channels of a block, of one core.
        ofm_ublock, ifm_ublock: depths.
        item: bytes of an input's element.
    """

    kernel: tuple[int, int]
    dilation: tuple[int, int]
    inputs: int
    outputs: int
    block_depth: int
    ofm_ublock: int
    ifm_ublock: int
    is_part_kernel_first: bool
    is_depthwise: bool
    item: int

    @property
    def _element_multiple(self) -> int:
        if self.is_depthwise:
            return 4
        return (2 if self.item == 2 else 4) if self.is_part_kernel_first else 1


@functools.lru_cache(128)
def order(layout: Layout) -> npt.NDArray[np.int64]:
    """For each weight of a stream its index in (outputs, kernel height, kernel width, inputs), −1 where zeros fill."""
    input_block = 16 if layout.is_part_kernel_first or layout.item == 2 else 32
    limits = [_SUBKERNEL // dilation for dilation in layout.dilation]
    pieces = [
        _piece(
            layout,
            o,
            min(layout.block_depth, layout.outputs - o),
            i,
            _input_depth(layout, i, input_block),
            y,
            x,
            limits,
        )
        for o in range(0, layout.outputs, layout.block_depth)
        for i in range(0, layout.inputs, input_block)
        for y in range(0, layout.kernel[0], limits[0])
        for x in range(0, layout.kernel[1], limits[1])
    ]
    return np.concatenate(pieces)


def _input_depth(layout: Layout, first: int, block: int) -> int:
    if layout.is_depthwise:
        return layout.ifm_ublock
    return min(block, layout.inputs - first) if layout.is_part_kernel_first else block


def _piece(
    layout: Layout, first_output: int, outputs: int, first_input: int, depth: int, y: int, x: int, limits: list[int]
) -> npt.NDArray[np.int64]:
    """The weights of one block of outputs, block of inputs and sub-kernel."""
    height, width = min(limits[0], layout.kernel[0] - y), min(limits[1], layout.kernel[1] - x)
    element = np.arange(-(-height * width // layout._element_multiple) * layout._element_multiple)
    ublocks = np.arange(0, depth, layout.ifm_ublock)
    outer, inner = (ublocks, ublocks[:1]) if layout.is_part_kernel_first else (ublocks[:1], ublocks)
    # Axes: input ublock, output ublock, element, input ublock, output channel, input channel.
    channel = np.arange(1 if layout.is_depthwise else layout.ifm_ublock)
    i = first_input + outer[:, None, None, None, None, None] + inner[:, None, None] + channel
    o = np.arange(0, outputs, layout.ofm_ublock)[:, None, None, None, None] + np.arange(layout.ofm_ublock)[:, None]
    o = o + first_output
    row, column = (element // width)[:, None, None, None], (element % width)[:, None, None, None]
    index = ((o * layout.kernel[0] + y + row) * layout.kernel[1] + x + column) * layout.inputs + i
    is_weight = (o < layout.outputs) & (row < height) & (i < layout.inputs)
    return np.where(is_weight, index, -1).ravel()


def arrange(stream: npt.NDArray[np.int16], layout: Layout) -> npt.NDArray[np.int16]:
    """A decoded stream as weights (outputs, kernel height, kernel width, inputs).

    Raises:
        ValueError: it is too short, or has weights where zeros fill up: it is in another order.
    """
    size = layout.outputs * layout.kernel[0] * layout.kernel[1] * layout.inputs
    if len(stream) < size:
        raise ValueError(f"has {len(stream)} weights, {size} are needed")
    index = order(layout)
    if len(stream) < len(index):
        raise ValueError(f"has {len(stream)} weights, {len(index)} are needed")
    is_weight = index >= 0
    if stream[: len(index)][~is_weight].any():
        raise ValueError("has weights where zeros must stand: its order is another")
    result = np.zeros(size, np.int16)
    result[index[is_weight]] = stream[: len(index)][is_weight]
    return result.reshape(layout.outputs, *layout.kernel, layout.inputs)
