"""What requantization in lanes reads for each output channel (kernels_cmsis/mve/requantize.h)."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from mcugen.graph.ops.accumulator import Int64Array
from mcugen.graph.tensor import IntArray, Tensor


@dataclass(frozen=True, eq=False)
class LaneChannels:
    """Attributes:
    weights: (channels, depth) int8.
    bias: (channels,) with the input zero point folded in, modulo 2**32 as all accumulator arithmetic is.
    multiplier, shift: (channels,) as LiteRT has them, Q31 and at most 30.
    general: True when a shift is above -1.
    """

    weights: IntArray
    bias: Int64Array
    multiplier: Int64Array
    shift: Int64Array

    @property
    def general(self) -> bool:
        return bool((self.shift > -1).any())


def lane_channels(
    weights: IntArray, bias: IntArray | None, requantization: tuple[IntArray, IntArray], x: Tensor
) -> LaneChannels:
    """Folds the zero point of the input into the bias.

    Args:
        weights: (channels, depth) int8, all taps of a channel in one row.
        bias: (channels,) int32 or None.
        requantization: LiteRT multipliers and shifts, (channels,) each.
    """
    multiplier, shift = (np.asarray(a, np.int64) for a in requantization)
    # A multiplier of 0 gives 0 with any shift: it must not ask for the general form.
    shift = np.where(multiplier == 0, -1, shift)
    full_bias = np.zeros(len(weights), np.int64) if bias is None else bias.astype(np.int64)
    folded = full_bias - x.zero_point * weights.astype(np.int64).sum(axis=1)
    return LaneChannels(weights.astype(np.int8), folded, multiplier, shift)


def as_words(values: IntArray) -> IntArray:
    """int32, modulo 2**32."""
    return (np.asarray(values, np.int64) & 0xFFFFFFFF).astype(np.uint32).view(np.int32)
