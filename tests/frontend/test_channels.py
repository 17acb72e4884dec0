"""Weights and biases that would overflow 32 bits: what they become gives the same bits, or as good as."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mcugen.frontend.lowering.channels import ChannelOverflowError, Channels, fit_channels
from mcugen.graph import Quantization
from mcugen.graph.ops.accumulator import channel_ranges, fits_32_bits
from mcugen.graph.ops.weighted import finish_accumulator, quantize_multipliers
from mcugen.graph.tensor import Tensor
from tests.graph.strategies.draws import seeds, zero_points

# Every combination of extreme and middle inputs of three channels.
INPUTS = np.array(list(itertools.product([-128, -127, -3, 0, 5, 126, 127], repeat=3)))


def fit(rows: list[list[int]], scales: list[float], bias: list[float], x: Quantization, out: Quantization) -> Channels:
    each = np.float32(scales).astype(np.float64)
    fitted = fit_channels(np.array(rows, np.int8), each, np.array(bias, np.float64), x, out)
    assert fits_32_bits(channel_ranges(fitted.rows, fitted.bias, x.zero_point, (-128, 127))).all()
    return fitted


def results(channels: Channels, x: Quantization, out: Quantization) -> np.ndarray:
    """What the integers give for all of INPUTS."""
    accumulator = (INPUTS - x.zero_point) @ channels.rows.astype(np.int64).T + channels.bias
    requantization = quantize_multipliers([x.scale * s / out.scale for s in channels.scales])
    operands = [Tensor("x", (3,), "int8", x)]
    return finish_accumulator(accumulator, requantization, operands, Tensor("y", (1,), "int8", out), (-128, 127))


def real(
    rows: list[list[int]], scales: list[float], bias: list[float], x: Quantization, out: Quantization
) -> np.ndarray:
    """What they mean, in float64, rounded."""
    products = x.scale * np.float32(scales).astype(np.float64)
    value = ((INPUTS - x.zero_point) @ np.array(rows).T) * products + np.array(bias)
    return np.clip(np.rint(value / out.scale) + out.zero_point, -128, 127)


X, OUT = Quantization.per_tensor(0.5, -7), Quantization.per_tensor(0.25, 11)


@settings(max_examples=60, deadline=None, derandomize=True)
@given(seeds, zero_points, zero_points, st.floats(-30, 12), st.sampled_from([-1.0, 1.0]), st.floats(0, 1e30))
def test_biases_that_only_saturate(
    rng: np.random.Generator, x_zero: int, out_zero: int, gain: float, sign: float, beyond: float
) -> None:
    """The same bits for every input, whatever the bias and the scales."""
    x, out = Quantization.per_tensor(0.5, x_zero), Quantization.per_tensor(0.5 * 2.0**-gain, out_zero)
    rows = rng.integers(-128, 128, (1, 3)).tolist()
    bias = [sign * (2.0**33 * 0.5 + 300 * out.scale + beyond)]
    channels = fit(rows, [1.0], bias, x, out)
    expected = real(rows, [1.0], bias, x, out)
    assert (expected == (127 if sign > 0 else -128)).all()
    np.testing.assert_array_equal(results(channels, x, out), expected)


def test_a_clipped_bias_is_the_least_that_saturates() -> None:
    """Scales 0.5 * 0.01 / 0.25: 50 to a step; the weights stay as they are."""
    channels = fit([[3, -5, 7]], [0.01], [-1e12], X, OUT)
    assert channels.rows.tolist() == [[3, -5, 7]] and channels.scales[0] == np.float32(0.01)
    high = channel_ranges(channels.rows, channels.bias, X.zero_point, (-128, 127))[1][0]
    assert -140 - 1 <= high * 0.02 <= -140


def test_other_channels_stay() -> None:
    rows, scales = [[1, 2, 3], [-4, 5, 6], [7, 8, 9]], [0.01, 0.02, 0.03]
    channels = fit(rows, scales, [1.0, 1e20, -2.0], X, OUT)
    assert channels.rows.tolist() == rows
    assert channels.bias[[0, 2]].tolist() == [200, -133]
    assert channels.worst is None


@pytest.mark.parametrize("value", [3.0, -20.0, 0.1])
@pytest.mark.parametrize("scale", [1e-12, 1e6])
def test_channels_without_weights(value: float, scale: float) -> None:
    """Observers give them any scale; the bias fits none of these."""
    channels = fit([[0, 0, 0]], [scale], [value], X, OUT)
    assert np.abs(results(channels, X, OUT) - real([[0, 0, 0]], [scale], [value], X, OUT)).max() <= 1


def test_small_weights_give_the_bias_a_finer_unit() -> None:
    """A product of weight and input step is five output steps, and the bias a fraction of it."""
    rows, scales, bias = [[1, 0, -1]], [2.5], [0.6]
    channels = fit(rows, scales, bias, X, OUT)
    assert channels.rows.tolist() == [[64, 0, -64]] and channels.worst is None
    assert np.abs(results(channels, X, OUT) - real(rows, scales, bias, X, OUT)).max() <= 1


def test_a_bias_that_is_rounded_too_much_is_told() -> None:
    channels = fit([[1, 2, 3], [1, 0, -127]], [0.01, 2.5], [0.6, 0.6], X, OUT)
    assert channels.worst is not None
    channel, steps = channels.worst
    assert channel == 1 and steps == pytest.approx(0.6 / 0.25 % 5)


def test_coarser_scale() -> None:
    """The bias is 2**33 products, and weights of 100 millionths of it still count for their share."""
    out = Quantization.per_tensor(1e8, 0)
    rows, scales, bias = [[100, -128, 127]], [1.0], [2.0**32]
    channels = fit(rows, scales, bias, X, out)
    assert channels.scales[0] > 1
    assert np.abs(results(channels, X, out) - real(rows, scales, bias, X, out)).max() <= 1


def test_error_names_the_channel() -> None:
    rows = np.full((3, 140_000), 1, np.int8)
    rows[2] = 127
    with pytest.raises(ChannelOverflowError, match="can reach 45339") as caught:
        fit_channels(rows, np.full(3, 0.5), np.zeros(3), Quantization.per_tensor(0.5, -128), OUT)
    assert caught.value.channel == 2


@pytest.mark.parametrize(("exponent", "dtype"), [(6, "int64"), (7, "int32")])
def test_wide_accumulators_where_they_have_a_multiplier(exponent: int, dtype: str) -> None:
    """Products of 2^exponent output steps: the form with 64 bits takes less than 2^7."""
    x, out = Quantization.per_tensor(1.0, 0, bits=16), Quantization.per_tensor(2.0**-exponent, 0, bits=16)
    given = np.array([[1, -2, 3]], np.int8), np.ones(1), np.zeros(1), x, out
    assert fit_channels(*given, wide=True).bias.dtype == dtype
    assert fit_channels(*given).bias.dtype == "int32"


def test_wide_accumulators_are_of_int16_alone() -> None:
    assert fit_channels(np.ones((1, 3), np.int8), np.ones(1), np.zeros(1), X, OUT, wide=True).bias.dtype == "int32"
