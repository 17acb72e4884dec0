"""Multipliers for the DSP kernels: the fast form where it is proven exact, the general form otherwise.

The fast form (kernels_cmsis/dsp/requantize.h) computes  SMMLAR(x, 2m - 2**32, x + c) >> e  with
c = zero_point * 2**e + 2**(e - 1). It equals double rounding when the multiplier m is at least 2**30, e >= 1, and
y + c fits 32 bits for every y = round(x * m / 2**31) that the channel's accumulator x can give. The accumulator's range
follows from the constant weights, so this is decided here once, for each layer.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from mcugen.graph.arithmetic import (
    INT32_MAX,
    INT32_MIN,
    multiply_by_quantized_multiplier,
    saturating_rounding_doubling_high_mul,
)
from mcugen.graph.ops.accumulator import Int64Array, channel_ranges
from mcugen.graph.tensor import IntArray, Tensor

# (2 * zero_point + 1) * 2**e has to fit 32 bits.
_LARGEST_EXPONENT = 22


@dataclass(frozen=True, eq=False)
class PackedChannels:
    """What the kernels read for each output channel, besides where they read it.

    Attributes:
        weights: (channels, depth) int8.
        bias: (channels,) with the input zero point folded in, modulo 2**32 as all accumulator arithmetic is.
        multiplier: (channels,) int32: 2m - 2**32, or m in the general form.
        shift: (channels,) the exponent e, or LiteRT's shift in the general form.
        general: True when a channel is beyond the fast form.
    """

    weights: IntArray
    bias: Int64Array
    multiplier: Int64Array
    shift: Int64Array
    general: bool


def pack_channels(
    weights: IntArray,
    bias: IntArray | None,
    requantization: tuple[IntArray, IntArray],
    x: Tensor,
    out: Tensor,
    clamp: tuple[int, int],
    *,
    doubled: bool = False,
) -> PackedChannels:
    """Folds the zero point into the bias and chooses the form of requantization.

    Args:
        weights: (channels, depth) int8, all taps of a channel in one row.
        bias: (channels,) int32 or None.
        requantization: LiteRT multipliers and shifts, (channels,) each.
        doubled: the kernel doubles all products: the bias is doubled and the multiplier stays m in the fast form,
            which then computes SMMLAR(2x, m, c).

    A channel whose output is one constant after clamping loses its weights: it never needs the general form.
    """
    multiplier, shift = (np.asarray(a, np.int64) for a in requantization)
    full_bias = np.zeros(len(weights), np.int64) if bias is None else bias.astype(np.int64)
    low, high = channel_ranges(weights, full_bias, x.zero_point, x.integer_range)
    ends = [
        np.clip(multiply_by_quantized_multiplier(end, multiplier, shift) + out.zero_point, *clamp)
        for end in (low, high)
    ]
    exponent = -shift
    fast = is_fast(low, high, multiplier, exponent, out.zero_point)
    if doubled:
        fast &= (2 * low >= INT32_MIN) & (2 * high <= INT32_MAX)
    # The result is monotonic in the accumulator.
    constant = ~fast & (ends[0] == ends[1])
    weights = np.where(constant[:, None], 0, weights).astype(np.int8)
    # With m = 2**30 and e = 1, an accumulator of 4k gives k.
    full_bias = np.where(constant, 4 * (ends[0] - out.zero_point), full_bias)
    multiplier = np.where(constant, 1 << 30, multiplier)
    exponent = np.where(constant, 1, exponent)
    folded = full_bias - x.zero_point * weights.astype(np.int64).sum(axis=1)
    if bool((fast | constant).all()):
        if doubled:
            return PackedChannels(weights, 2 * folded, multiplier, exponent, general=False)
        return PackedChannels(weights, folded, 2 * multiplier - (1 << 32), exponent, general=False)
    return PackedChannels(weights, folded, multiplier, -exponent, general=True)


def is_fast(
    low: Int64Array, high: Int64Array, multiplier: Int64Array, exponent: Int64Array, zero_point: int
) -> npt.NDArray[np.bool_]:
    """Where the fast form is exact: for accumulators from `low` to `high`, Q31 multipliers and exponents = -shift."""
    fast = (multiplier >= 1 << 30) & (exponent >= 1) & (exponent <= _LARGEST_EXPONENT)
    e = np.clip(exponent, 1, _LARGEST_EXPONENT)
    c = (2 * zero_point + 1) << (e - 1)
    for end in (low, high):
        y = saturating_rounding_doubling_high_mul(end, multiplier)
        # One less for the correction of negative ties.
        fast &= (y + c - 1 >= INT32_MIN) & (y + c <= INT32_MAX)
    return fast
