"""Fixed-point exponential and reciprocal of gemmlowp, which TFLM's and CMSIS-NN's int8 softmax are made of.

Qm.n below has m integer and n fractional bits beside the sign. Source: gemmlowp `fixedpoint/fixedpoint.h`
(`exp_on_negative_values`, `one_over_one_plus_x_for_x_in_0_1`); CMSIS-NN `arm_nn_exp_on_negative_values`,
`arm_nn_one_over_one_plus_x_for_x_in_0_1` give the same bits.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from mcugen.graph.arithmetic import INT32_MAX, INT32_MIN, rounding_divide_by_pot
from mcugen.graph.arithmetic import saturating_rounding_doubling_high_mul as multiply

Int64Array = npt.NDArray[np.int64]

# exp(-2**k) in Q0.31 for k = -2 ... 4.
_EXP_OF_MINUS_POWERS_OF_TWO = (1672461947, 1302514674, 790015084, 290630308, 39332535, 720401, 242)
_EXP_OF_MINUS_EIGHTH = 1895147668
_ONE_THIRD = 715827883
_48_OVER_17 = 1515870810  # Q2.29
_MINUS_32_OVER_17 = -1010580540  # Q2.29


def _saturating_left_shift(x: Int64Array, bits: int) -> Int64Array:
    result: Int64Array = np.clip(x << bits, INT32_MIN, INT32_MAX)
    return result


def exp_on_negative_values(x: npt.ArrayLike, integer_bits: int = 5) -> Int64Array:
    """exp(x) in Q0.31 for x <= 0 in Q5.26, or with fewer integer bits; exp(0) is INT32_MAX."""
    value = np.asarray(x, dtype=np.int64)
    lowest = 29 - integer_bits
    quarter = 1 << lowest
    # x = (part in [-1/4, 0)) - (a multiple of 1/4); the multiple's bits select factors exp(-2**k).
    part = (value & (quarter - 1)) - quarter
    remainder = part - value
    # Taylor series of the fourth degree around -1/8.
    y = (part << integer_bits) + (1 << 28)
    y2 = multiply(y, y)
    y3 = multiply(y2, y)
    y4_over_4 = rounding_divide_by_pot(multiply(y2, y2), 2)
    tail = rounding_divide_by_pot(multiply(y4_over_4 + y3, _ONE_THIRD) + y2, 1)
    result = _EXP_OF_MINUS_EIGHTH + multiply(_EXP_OF_MINUS_EIGHTH, y + tail)
    for bit, factor in enumerate(_EXP_OF_MINUS_POWERS_OF_TWO[: integer_bits + 2], start=lowest):
        result = np.where(remainder & (1 << bit), multiply(result, factor), result)
    return np.where(value == 0, INT32_MAX, result)


def _two_over_one_plus_x(x: npt.ArrayLike) -> Int64Array:
    """2 / (1 + x) in Q2.29, halved, for x in [0, 1) in Q0.31: three Newton-Raphson steps."""
    # Neither summand is negative, so rounding half away from zero is adding one.
    half_denominator = (np.asarray(x, dtype=np.int64) + INT32_MAX + 1) >> 1
    estimate = _48_OVER_17 + multiply(half_denominator, _MINUS_32_OVER_17)
    for _ in range(3):
        error = (1 << 29) - multiply(half_denominator, estimate)
        estimate = estimate + _saturating_left_shift(multiply(estimate, error), 2)
    return estimate


def one_over_one_plus_x(x: npt.ArrayLike) -> Int64Array:
    """1 / (1 + x) in Q0.31 for x in [0, 1) in Q0.31."""
    # Q2.29 halved is Q1.30 with the same bits.
    return _saturating_left_shift(_two_over_one_plus_x(x), 1)


def logistic(x: npt.ArrayLike) -> Int64Array:
    """1 / (1 + exp(-x)) in Q0.31 for x in Q4.27 (gemmlowp `logistic`)."""
    value = np.asarray(x, dtype=np.int64)
    positive = one_over_one_plus_x(exp_on_negative_values(-np.abs(value), 4))
    result = np.where(value < 0, INT32_MAX - positive, positive)
    return np.where(value == 0, 1 << 30, result)


def tanh(x: npt.ArrayLike) -> Int64Array:
    """tanh(x) in Q0.31 for x in Q4.27 (gemmlowp `tanh`): (1 - e) / (1 + e) with e = exp(-2 |x|)."""
    value = np.asarray(x, dtype=np.int64)
    # Twice a number in Q4.27 is one in Q5.26 with the same bits.
    e = exp_on_negative_values(-np.abs(value))
    magnitude = _saturating_left_shift(_two_over_one_plus_x(e) - (1 << 29), 2)
    return np.sign(value) * magnitude


_HALF_SQUARE_ROOT_OF_TWO = 1518500250
_ONE_AND_A_HALF = (1 << 28) + (1 << 27)  # Q3.28


def inverse_square_root(x: int) -> tuple[int, int]:
    """(multiplier, shift) of 1 / sqrt(x) for a positive integer of 32 bits: about multiplier * 2**(shift - 31).

    0 is taken for 1. Five Newton-Raphson steps in Q3.28 from 1. Source: TensorFlow Lite
    `GetInvSqrtQuantizedMultiplierExp`, whose shift is to the right.
    """
    if x <= 1:
        return INT32_MAX, 0
    right = 11
    while x >= 1 << 29:
        x //= 4
        right += 1
    pairs = (31 - x.bit_length()) // 2 - 1
    right -= pairs
    x <<= 2 * pairs
    value = x >> 1
    half = int(rounding_divide_by_pot(value, 1))
    estimate = 1 << 28
    for _ in range(5):
        cube = _rescaled(int(multiply(int(multiply(estimate, estimate)), estimate)), 6)
        step = int(multiply(_ONE_AND_A_HALF, estimate)) - int(multiply(half, cube))
        estimate = _rescaled(step, 3)
    estimate = int(multiply(estimate, _HALF_SQUARE_ROOT_OF_TWO))
    return (estimate << -right, 0) if right < 0 else (estimate, -right)


def _rescaled(x: int, bits: int) -> int:
    return min(max(x << bits, INT32_MIN), INT32_MAX)


_LOG_2 = 1488522236
_FOURTH_ROOT_OF_HALF = 1805811301
_LOG_NUMERATOR = 117049297  # 11 / 240 * 2**(1/4)
_LOG_SQUARE = 127690142  # 1 / 20 * 2**(1/4)
_LOG_CONSTANT = 1057819769  # 2 / 2**(1/4) - 2**(1/4)
_LOG_LINEAR = 638450708  # 1 / 4 * 2**(1/4)


def logarithm(x: int) -> int:
    """log(x) in Q5.26 for x >= 1 in Q12.19.

    A power of two of steps of 1/4 is split off, the rest is a quotient of polynomials around 2**(-1/4). Source:
    TensorFlow Lite `log_x_for_x_greater_than_or_equal_to_1`.
    """

    def times(a: int, b: int) -> int:
        return int(multiply(a, b))

    def shifted(a: int, bits: int) -> int:
        return min(max(a << bits, INT32_MIN), INT32_MAX)

    quarter = 1 << 23  # Q6.25
    zeros = 32 - x.bit_length()
    first = shifted(times(shifted(x, zeros - 1), _HALF_SQUARE_ROOT_OF_TWO), 1)
    first_power = shifted(12 - zeros, 25) + quarter
    headroom = 31 - times(x, _HALF_SQUARE_ROOT_OF_TWO).bit_length()
    second, second_power = shifted(x, headroom), shifted(12 - headroom, 25) - quarter
    rest, power = min(first, second), max(first_power, second_power)
    # Neither is negative: rounding half away from zero is adding one.
    mean = (rest + _FOURTH_ROOT_OF_HALF + 1) >> 1
    q = 2 * (rest - _FOURTH_ROOT_OF_HALF)
    square = times(q, q)
    numerator = times(q, rest) + times(times(q, square), _LOG_NUMERATOR)
    denominator = times(mean, _LOG_CONSTANT + q + times(_LOG_SQUARE, square)) + times(_LOG_LINEAR, q)
    quotient = times(int(rounding_divide_by_pot(numerator, 6)), int(one_over_one_plus_x(denominator)))
    return shifted(times(power, _LOG_2) + quotient, 1)
