"""Fixed-point arithmetic against exact rational arithmetic."""

from __future__ import annotations

import math
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from mcugen.graph.arithmetic import (
    INT32_MAX,
    INT32_MIN,
    multiply_by_quantized_multiplier,
    quantize_int8_multiplier,
    quantize_multiplier,
    rounding_divide_by_pot,
    saturating_rounding_doubling_high_mul,
)
from mcugen.graph.fixed_point import exp_on_negative_values, one_over_one_plus_x

EXAMPLES = settings(max_examples=500, deadline=None, derandomize=True)
# Whole range, with the ends and the neighbourhood of 0 as likely as the rest.
int32s = st.one_of(
    st.integers(INT32_MIN, INT32_MAX),
    st.integers(-300, 300),
    st.sampled_from([INT32_MIN, INT32_MIN + 1, INT32_MAX, 1 << 30, -(1 << 30)]),
)


def half_up(x: Fraction) -> int:
    return math.floor(x + Fraction(1, 2))


def half_away(x: Fraction) -> int:
    return half_up(x) if x >= 0 else -half_up(-x)


@EXAMPLES
@given(int32s, int32s)
@example(INT32_MIN, INT32_MIN)
@example(1 << 30, 1)
@example(-(1 << 30), 1)
def test_doubling_high_mul(a: int, b: int) -> None:
    """The nearest integer to a * b / 2**31; ties go up, as gemmlowp's truncating division makes them."""
    expected = min(half_up(Fraction(a * b, 1 << 31)), INT32_MAX)
    assert int(saturating_rounding_doubling_high_mul(a, b)) == expected


@EXAMPLES
@given(int32s, st.integers(0, 31))
def test_divide_by_power_of_two(x: int, exponent: int) -> None:
    """Ties away from zero."""
    assert int(rounding_divide_by_pot(x, exponent)) == half_away(Fraction(x, 1 << exponent))


@EXAMPLES
@given(st.integers(-(2**24), 2**24), st.integers(1 << 30, INT32_MAX), st.integers(-31, 6))
def test_two_roundings(x: int, multiplier: int, shift: int) -> None:
    """Requantization rounds twice: to 2**-31 of the product, then to the integer."""
    left, right = max(shift, 0), max(-shift, 0)
    high = half_up(Fraction((x << left) * multiplier, 1 << 31))
    expected = half_away(Fraction(high, 1 << right))
    assert int(multiply_by_quantized_multiplier(x, multiplier, shift)) == expected


@EXAMPLES
@given(st.integers(-(2**24), 2**24), st.floats(2.0**-31, 64, exclude_max=True))
def test_requantization_is_close_to_real_product(x: int, real: float) -> None:
    """Two roundings and a Q31 multiplier are off by at most one step, however large the accumulator."""
    result = int(multiply_by_quantized_multiplier(x, *quantize_multiplier(real)))
    exact = Fraction(real) * x
    # The left shift of multipliers above 1 scales the first rounding's half up.
    slack = Fraction(1, 2) + max(Fraction(1, 2), abs(exact) / 2**30 + Fraction(1, 2))
    assert abs(result - exact) <= slack


@EXAMPLES
@given(st.integers(-(2**31), 2**31 - 1), st.floats(2.0**-20, 2.0**80), st.integers(-128, 127))
@example(1, 256.0, -128)
@example(-1, 2.0**40, 127)
@example(-(2**31), 2.0**60, 5)
def test_multipliers_for_int8(x: int, real: float, zero_point: int) -> None:
    """Close to the real product, or saturated to the side that it is on, whatever the sizes."""
    result = int(multiply_by_quantized_multiplier(x, *quantize_int8_multiplier(real))) + zero_point
    exact = Fraction(real) * x + zero_point
    if -256 <= exact <= 256:
        assert abs(result - exact) <= 1
    else:
        assert result > 127 if exact > 0 else result < -128


def test_left_shift_saturates() -> None:
    x = np.array([2**20, 2**22 - 1, 2**22, 2**31 - 1, -(2**22), -(2**22) - 1, -(2**31)])
    expected = [2**29, 2**31 - 512, 2**31 - 1, 2**31 - 1, -(2**31), -(2**31), -(2**31)]
    # A multiplier of 1 - 2**-31 takes nothing off but the last step.
    result = multiply_by_quantized_multiplier(x, INT32_MAX, 9)
    assert np.abs(result - np.array(expected)).max() <= 1


def test_broadcasts_per_channel() -> None:
    accumulators = np.arange(-6, 6).reshape(3, 4) * 1000
    multipliers, shifts = np.array([1 << 30] * 4), np.array([0, -1, -2, 1])
    result = multiply_by_quantized_multiplier(accumulators, multipliers, shifts)
    for row, column in np.ndindex(3, 4):
        single = multiply_by_quantized_multiplier(accumulators[row, column], 1 << 30, shifts[column])
        assert result[row, column] == single


@EXAMPLES
@given(st.floats(2.0**-32, 2.0**29, exclude_max=True))
@example(1.0 - 2.0**-40)
@example(1.0)
@example(0.5)
def test_quantize_multiplier_is_nearest(real: float) -> None:
    multiplier, shift = quantize_multiplier(real)
    assert 1 << 30 <= multiplier <= INT32_MAX
    error = abs(Fraction(multiplier) * Fraction(2) ** (shift - 31) - Fraction(real))
    assert error <= Fraction(2) ** (shift - 32)


def test_quantize_multiplier_limits() -> None:
    assert quantize_multiplier(0.0) == (0, 0)
    assert quantize_multiplier(2.0**-33) == (0, 0)
    assert quantize_multiplier(2.0**-32) == (1 << 30, -31)
    assert quantize_multiplier(1.0) == (1 << 30, 1)
    # Rounds up to the next power of two.
    assert quantize_multiplier(1.0 - 2.0**-33) == (1 << 30, 1)


@pytest.mark.parametrize("real", [-1.0, math.inf, math.nan])
def test_quantize_multiplier_refuses(real: float) -> None:
    with pytest.raises(ValueError, match="finite"):
        quantize_multiplier(real)


def test_exponential() -> None:
    """Within 2**-22 of exp(x) over the whole of Q5.26, and exactly INT32_MAX at 0."""
    raw = -np.unique(np.concatenate([np.arange(0, 1 << 12), np.geomspace(1, 2**31, 200_000).astype(np.int64)]))
    raw = np.unique(np.concatenate([raw, -np.arange(0, 2**31, 9973)]))
    result = exp_on_negative_values(raw) / 2.0**31
    assert np.abs(result - np.exp(raw / 2.0**26)).max() < 2.0**-22
    assert int(exp_on_negative_values(0)) == INT32_MAX


def test_reciprocal() -> None:
    """Within 2**-27 of 1 / (1 + x) over [0, 1)."""
    raw = np.arange(0, 2**31, 9973)
    result = one_over_one_plus_x(raw) / 2.0**31
    assert np.abs(result - 1 / (1 + raw / 2.0**31)).max() < 2.0**-27
