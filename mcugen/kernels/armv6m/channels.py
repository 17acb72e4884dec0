"""Output channels as the kernels for Armv6-M read them: requantization without a long multiply, where that is exact."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from mcugen.graph.ops.accumulator import channel_ranges
from mcugen.graph.tensor import IntArray, Tensor
from mcugen.kernels.base import Constant
from mcugen.kernels.requantization import PackedChannels, pack_channels

# kernels_cmsis/armv6m/requantize.h: the upper part of an accumulator, rounded, is within 2**13.
_LARGEST_ACCUMULATOR = (1 << 29) - (1 << 16)
_LARGEST_EXPONENT = 21


def small_channels(
    weights: IntArray,
    bias: IntArray | None,
    requantization: tuple[IntArray, IntArray],
    x: Tensor,
    out: Tensor,
    clamp: tuple[int, int],
) -> PackedChannels:
    """As `pack_channels`, but the multiplier is the Q31 one in both forms, and accumulators beyond 29 bits or exponents
    beyond 21 take the general form."""
    packed = pack_channels(weights, bias, requantization, x, out, clamp)
    if packed.general:
        return packed
    multiplier = (packed.multiplier + (1 << 32)) // 2
    low, high = channel_ranges(packed.weights, packed.bias, 0, x.integer_range)
    beyond = (low < -_LARGEST_ACCUMULATOR) | (high > _LARGEST_ACCUMULATOR) | (packed.shift > _LARGEST_EXPONENT)
    if bool(beyond.any()):
        return replace(packed, multiplier=multiplier, shift=-packed.shift, general=True)
    return replace(packed, multiplier=multiplier)


def channel_constants(weights: IntArray, channels: PackedChannels) -> tuple[Constant, ...]:
    """weights, bias, multiplier and shift in call order; `weights` in the order that the kernel reads them."""
    return (
        Constant("weights", weights),
        Constant("bias", ((channels.bias + 2**31) % 2**32 - 2**31).astype(np.int32)),
        Constant("multiplier", channels.multiplier.astype(np.int32)),
        Constant("shift", channels.shift.astype(np.int8), 1),
    )
