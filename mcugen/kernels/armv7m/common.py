"""What the kernels of this library share: the cores that they run on, and channels whose sums fit a field."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from mcugen.boards.board import Cpu
from mcugen.graph.graph import Graph
from mcugen.graph.ops.accumulator import channel_ranges
from mcugen.graph.ops.convolution.conv2d import Conv2d
from mcugen.graph.ops.convolution.depthwise_conv2d import DepthwiseConv2d
from mcugen.graph.ops.linear.fully_connected import FullyConnected
from mcugen.graph.tensor import IntArray, Tensor
from mcugen.kernels.requantization import PackedChannels, pack_channels

NARROW, WIDE = 23, 24
"""Bits of the lower field of a sum; see kernels_cmsis/armv7m/instructions.h."""

_CORES = ("cortex-m3", "cortex-m33")


def has_long_multiply(cpu: Cpu) -> bool:
    """A core whose fastest way to multiply is SMLAL: Thumb-2 without DSP instructions."""
    return cpu.core in _CORES and not cpu.dsp


def is_plain(tensors: Sequence[Tensor]) -> bool:
    """An int8 activation and constants."""
    return tensors[0].dtype == "int8" and not tensors[0].is_constant and all(t.is_constant for t in tensors[1:])


def channels_of(op: Conv2d | DepthwiseConv2d | FullyConnected, graph: Graph) -> PackedChannels:
    """The layer's channels, all weights of one in a row in the model's order."""
    tensors = graph.input_tensors(op)
    x, weights, out = tensors[0], tensors[1], graph.tensor(op.outputs[0])
    assert weights.data is not None
    axis = 3 if isinstance(op, DepthwiseConv2d) else 0
    rows: IntArray = np.moveaxis(weights.data, axis, 0).reshape(weights.shape[axis], -1)
    bias = tensors[2].data if len(tensors) > 2 else None
    return pack_channels(rows, bias, op.requantization(tensors, [out]), x, out, op.clamp)


def field_bits(channels: PackedChannels, x: Tensor) -> int | None:
    """The narrowest field that every channel's accumulator fits, for all inputs; None when it fits none.

    The bias with the zero point folded in fits then, too: it is the accumulator of inputs that are all 0. None also
    where requantization needs the general form.
    """
    if channels.general or not x.integer_range[0] <= 0 <= x.integer_range[1]:
        return None
    low, high = channel_ranges(channels.weights, channels.bias, 0, x.integer_range)
    fitting = (bits for bits in (NARROW, WIDE) if low.min() >= -(1 << (bits - 1)) and high.max() < 1 << (bits - 1))
    return next(fitting, None)


def starts(channels: PackedChannels) -> npt.NDArray[np.uint32]:
    """For each channel the folded bias in the upper 24 bits, the exponent less one in the lowest byte."""
    return as_words((channels.bias << 8) + (channels.shift - 1))


def lower_starts(channels: PackedChannels) -> npt.NDArray[np.uint32]:
    """Where sums of a wide lower field start, whose inputs are 128 too high."""
    return as_words(channels.bias - 128 * channels.weights.astype(np.int64).sum(axis=1))


def as_words(values: npt.NDArray[np.int64]) -> npt.NDArray[np.uint32]:
    """Modulo 2**32."""
    return (values & 0xFFFFFFFF).astype(np.uint32)


def bytes_as_words(values: IntArray) -> npt.NDArray[np.uint32]:
    """Bytes in the order of addresses, filled up with zeros to whole words."""
    flat = np.ascontiguousarray(values, np.int8).reshape(-1)
    return np.pad(flat, (0, -len(flat) % 4)).view(np.dtype("<u4")).astype(np.uint32)
