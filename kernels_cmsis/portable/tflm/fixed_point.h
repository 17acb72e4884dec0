/* Inverse square roots and logarithms in fixed point; the Python twin is mcugen/graph/fixed_point.py. */
#ifndef MCUGEN_TFLM_FIXED_POINT_H
#define MCUGEN_TFLM_FIXED_POINT_H

#include "portable/normalization/softmax.h"

/* Bits of x without those that are 0 at its front. */
MCUGEN_KERNEL int32_t mcugen_bit_length(uint32_t x)
{
    int32_t bits = 0;
    while (x != 0u) {
        bits++;
        x >>= 1;
    }
    return bits;
}

/* 1 / sqrt(x), x >= 0 and 0 taken for 1: about result * 2**(shift - 31). */
MCUGEN_KERNEL int32_t mcugen_inverse_square_root(int32_t x, int32_t *shift)
{
    const int32_t half_root_of_two = 1518500250, one_and_a_half = (INT32_C(1) << 28) + (INT32_C(1) << 27);
    *shift = 0;
    if (x <= 1) {
        return INT32_MAX;
    }
    int32_t right = 11;
    while (x >= INT32_C(1) << 29) {
        x /= 4;
        right++;
    }
    const int32_t pairs = (31 - mcugen_bit_length((uint32_t)x)) / 2 - 1;
    right -= pairs;
    x <<= 2 * pairs;
    const int32_t half = mcugen_rounding_shift_right(x >> 1, 1);
    int32_t estimate = INT32_C(1) << 28;
    for (int32_t i = 0; i < 5; i++) {
        const int32_t square = mcugen_doubling_high_multiply(estimate, estimate);
        const int32_t cube = mcugen_saturating_shift_left(mcugen_doubling_high_multiply(square, estimate), 6);
        const int32_t step =
            mcugen_doubling_high_multiply(one_and_a_half, estimate) - mcugen_doubling_high_multiply(half, cube);
        estimate = mcugen_saturating_shift_left(step, 3);
    }
    estimate = mcugen_doubling_high_multiply(estimate, half_root_of_two);
    if (right < 0) {
        return estimate << -right;
    }
    *shift = -right;
    return estimate;
}

/* log(x) in Q5.26 for x >= 1 in Q12.19. */
MCUGEN_KERNEL int32_t mcugen_logarithm(int32_t x)
{
    const int32_t root_of_half = 1518500250, fourth_root = 1805811301, quarter = INT32_C(1) << 23;
    const int32_t zeros = 32 - mcugen_bit_length((uint32_t)x);
    const int32_t normal = mcugen_doubling_high_multiply(mcugen_saturating_shift_left(x, zeros - 1), root_of_half);
    const int32_t first = mcugen_saturating_shift_left(normal, 1);
    const int32_t first_power = mcugen_saturating_shift_left(12 - zeros, 25) + quarter;
    const int32_t headroom = 31 - mcugen_bit_length((uint32_t)mcugen_doubling_high_multiply(x, root_of_half));
    const int32_t second = mcugen_saturating_shift_left(x, headroom);
    const int32_t second_power = mcugen_saturating_shift_left(12 - headroom, 25) - quarter;
    const int32_t rest = first < second ? first : second;
    const int32_t power = first_power > second_power ? first_power : second_power;
    const int32_t mean = (int32_t)(((int64_t)rest + fourth_root + 1) >> 1);
    const int32_t q = 2 * (rest - fourth_root);
    const int32_t square = mcugen_doubling_high_multiply(q, q);
    const int32_t numerator = mcugen_doubling_high_multiply(q, rest) +
                              mcugen_doubling_high_multiply(mcugen_doubling_high_multiply(q, square), 117049297);
    const int32_t inner = 1057819769 + q + mcugen_doubling_high_multiply(127690142, square);
    const int32_t denominator =
        mcugen_doubling_high_multiply(mean, inner) + mcugen_doubling_high_multiply(638450708, q);
    const int32_t quotient = mcugen_doubling_high_multiply(mcugen_rounding_shift_right(numerator, 6),
                                                           mcugen_one_over_one_plus(denominator));
    return mcugen_saturating_shift_left(mcugen_doubling_high_multiply(power, 1488522236) + quotient, 1);
}

#endif
