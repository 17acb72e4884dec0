"""The proof that accumulators fit 32 bits: its bounds are reached, and never passed."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings

from mcugen.graph import Quantization, Tensor
from mcugen.graph.ops import FullyConnected
from mcugen.graph.ops.accumulator import accumulator_ranges, channel_ranges, shifts_without_overflow
from tests.graph.strategies.draws import seeds, zero_points

LIMITS = (-128, 127)


@settings(max_examples=100, deadline=None, derandomize=True)
@given(seeds, zero_points)
def test_ends_are_reached_and_never_passed(rng: np.random.Generator, zero_point: int) -> None:
    rows = rng.integers(-128, 128, (5, 9)).astype(np.int8)
    bias = rng.integers(-(2**20), 2**20, 5).astype(np.int32)
    low, high = channel_ranges(rows, bias, zero_point, LIMITS)
    ends = np.where(rows > 0, 127, -128) - zero_point, np.where(rows > 0, -128, 127) - zero_point
    np.testing.assert_array_equal((rows * ends[0]).sum(axis=1) + bias, high)
    np.testing.assert_array_equal((rows * ends[1]).sum(axis=1) + bias, low)
    x = rng.integers(-128, 128, (40, 9)) - zero_point
    # Sums on the way, with the zero point folded into the bias.
    folded = bias - zero_point * rows.astype(int).sum(axis=1)
    partial = np.cumsum((x + zero_point)[:, None, :] * rows[None].astype(int), axis=-1) + folded[None, :, None]
    assert (partial >= low[:, None]).all() and (partial <= high[:, None]).all()
    assert (folded >= low).all() and (folded <= high).all()


@pytest.mark.parametrize(("bias", "fits"), [(2**31 - 1 - 2550, True), (2**31 - 2550, False), (-(2**31), True)])
@pytest.mark.parametrize("channel", [0, 2])
def test_refusal_names_the_channel(bias: int, fits: bool, channel: int) -> None:
    """Ten inputs of 0 ... 255 with weights 1: the bias may be as large as leaves room for them, and as small as any."""
    biases = np.zeros(3, np.int32)
    biases[channel] = bias
    x = Tensor("x", (1, 10), "int8", Quantization.per_tensor(1.0, -128))
    w = Tensor("w", (3, 10), "int8", Quantization.per_tensor(1.0, 0), np.ones((3, 10), np.int8))
    b = Tensor("b", (3,), "int32", Quantization.per_tensor(1.0, 0), biases)
    y = Tensor("y", (1, 3), "int8", Quantization.per_tensor(2.0**24, 0))
    op = FullyConnected(name="fc", inputs=("x", "w", "b"), outputs=("y",))
    if fits:
        op.validate([x, w, b], [y])
    else:
        with pytest.raises(ValueError, match=f"channel {channel} can reach 2147483648"):
            op.validate([x, w, b], [y])


@pytest.mark.parametrize(
    ("reach", "multiplier", "shift", "zero_point", "fits"),
    [
        (2**22 - 1, 1 << 30, 9, 0, True),
        (2**22, 1 << 30, 9, 0, False),
        (2**31 - 1, 1 << 30, 0, 127, True),
        (2**31 - 1, 2**31 - 1, 0, 127, False),
        (2**31 - 1, 2**31 - 1, 0, -1, True),
    ],
)
def test_shifts(reach: int, multiplier: int, shift: int, zero_point: int, fits: bool) -> None:
    ranges = np.array([0, -1]), np.array([0, reach])
    requantization = np.array([1 << 30, multiplier]), np.array([-3, shift])
    assert shifts_without_overflow(ranges, requantization, zero_point) is fits


def test_depthwise_channels_are_on_the_last_axis() -> None:
    weights = np.zeros((1, 2, 2, 3), np.int8)
    weights[..., 1] = 2
    w = Tensor("w", weights.shape, "int8", Quantization.per_tensor(1.0, 0), weights)
    x = Tensor("x", (1, 2, 2, 3), "int8", Quantization.per_tensor(1.0, 0))
    low, high = accumulator_ranges(x, w, None, axis=3)
    assert low.tolist() == [0, -1024, 0] and high.tolist() == [0, 1016, 0]
