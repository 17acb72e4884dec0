"""The proof that no input can overflow an accumulator, channel by channel."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from mcugen.graph.arithmetic import INT32_MAX, INT32_MIN, MOST_REDUCED_SHIFT, REDUCED_ACCUMULATOR
from mcugen.graph.ops.base import Operator
from mcugen.graph.tensor import IntArray, Tensor

Int64Array = npt.NDArray[np.int64]


def channel_ranges(
    rows: IntArray, bias: IntArray | None, zero_point: int, limits: tuple[int, int]
) -> tuple[Int64Array, Int64Array]:
    """(lowest, highest) accumulator of each channel over all inputs, both of shape (channels,).

    Both ends are reached by some input. Sums on the way stay inside too, in any order and with the zero point folded
    into the bias: each of them is the accumulator of an input that is the zero point, or 0, in the places left out.

    Args:
        rows: weights, (channels, depth).
        bias: (channels,), or None.
        zero_point: of the input.
        limits: lowest and highest integer of the input.
    """
    wide = rows.astype(np.int64)
    positive, negative = np.maximum(wide, 0).sum(axis=1), np.minimum(wide, 0).sum(axis=1)
    least, most = (end - zero_point for end in limits)
    low, high = positive * least + negative * most, positive * most + negative * least
    if bias is None:
        return low, high
    return low + bias.astype(np.int64), high + bias.astype(np.int64)


def accumulator_ranges(x: Tensor, weights: Tensor, bias: Tensor | None, axis: int) -> tuple[Int64Array, Int64Array]:
    """`channel_ranges` of constant weights with the output channels on `axis`."""
    assert weights.data is not None
    rows = np.moveaxis(weights.data, axis, 0).reshape(weights.shape[axis], -1)
    return channel_ranges(rows, None if bias is None else bias.data, x.zero_point, x.integer_range)


def largest_magnitude(ranges: tuple[Int64Array, Int64Array]) -> int:
    """The largest |accumulator| of all channels."""
    return int(max(np.abs(end).max(initial=0) for end in ranges))


def fits_32_bits(ranges: tuple[Int64Array, Int64Array]) -> npt.NDArray[np.bool_]:
    """The channels whose accumulator cannot overflow."""
    return (ranges[0] >= INT32_MIN) & (ranges[1] <= INT32_MAX)


def require_no_overflow(op: Operator, ranges: tuple[Int64Array, Int64Array]) -> None:
    """No input may overflow the 32-bit accumulator of any channel.

    Raises:
        ValueError: names the operator, the channel and what its accumulator can reach.
    """
    wrong = np.flatnonzero(~fits_32_bits(ranges))
    if len(wrong):
        channel = int(wrong[0])
        low, high = (int(end[channel]) for end in ranges)
        raise ValueError(
            f"{op.name} ({op.kind}): the accumulator of channel {channel} can reach {high if high > -low else low}, "
            "beyond 32 bits; quantize the weights of that channel more coarsely, so that its bias gets smaller"
        )


def require_reducible(
    op: Operator, ranges: tuple[Int64Array, Int64Array], requantization: tuple[IntArray, IntArray]
) -> None:
    """64-bit accumulators and their multipliers are those that `multiply_by_reduced_multiplier` takes.

    Raises:
        ValueError: names the operator, the channel and what is too large.
    """
    most = np.maximum(np.abs(ranges[0]), np.abs(ranges[1]))
    wrong = np.flatnonzero(most >= REDUCED_ACCUMULATOR)
    if len(wrong):
        raise ValueError(
            f"{op.name} ({op.kind}): the accumulator of channel {wrong[0]} can reach {most[wrong[0]]}, beyond 48 bits; "
            "its bias must be smaller"
        )
    fine = np.flatnonzero(np.asarray(requantization[1]) > MOST_REDUCED_SHIFT)
    if len(fine):
        raise ValueError(
            f"{op.name} ({op.kind}): a product of channel {fine[0]} is {2 << MOST_REDUCED_SHIFT >> 1} output steps or "
            "more; 64-bit accumulators need a coarser output scale, or an int32 bias"
        )


def shifts_without_overflow(
    ranges: tuple[Int64Array, Int64Array], requantization: tuple[IntArray, IntArray], zero_point: int
) -> bool:
    """True when no channel's left shift, nor adding the output's zero point, can leave 32 bits.

    Then TFLM's and CMSIS-NN's requantization, which does not guard against either, is defined for every input.
    """
    multiplier, shift = (np.asarray(a, np.int64) for a in requantization)
    left, right = np.maximum(shift, 0), np.maximum(-shift, 0)
    for end in ranges:
        shifted = end << left
        # One more than the rounded product, at most.
        scaled = ((shifted * multiplier) >> 31 >> right) + zero_point
        if (np.minimum(shifted, scaled) < INT32_MIN).any() or (np.maximum(shifted, scaled + 1) > INT32_MAX).any():
            return False
    return True
