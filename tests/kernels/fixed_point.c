/* The library's fixed-point functions over arrays, for test_fixed_point.py. */
#include "mcugen_requantize.h"
#include "portable/normalization/softmax_s8.c"

void requantize(int32_t n, const int32_t *x, const int32_t *multiplier, const int32_t *shift, int32_t *result)
{
    for (int32_t i = 0; i < n; i++) {
        result[i] = mcugen_requantize(x[i], multiplier[i], shift[i]);
    }
}

void rounding_shift_right(int32_t n, const int32_t *x, const int32_t *exponent, int32_t *result)
{
    for (int32_t i = 0; i < n; i++) {
        result[i] = mcugen_rounding_shift_right(x[i], exponent[i]);
    }
}

void doubling_high_multiply(int32_t n, const int32_t *a, const int32_t *b, int32_t *result)
{
    for (int32_t i = 0; i < n; i++) {
        result[i] = mcugen_doubling_high_multiply(a[i], b[i]);
    }
}

void to_int8(int32_t n, const int32_t *x, const int32_t *zero_point, const int32_t *lowest, const int32_t *highest,
             int32_t *result)
{
    for (int32_t i = 0; i < n; i++) {
        result[i] = mcugen_to_int8(x[i], zero_point[i], lowest[i], highest[i]);
    }
}

void requantize_fast(int32_t n, const int32_t *x, const int32_t *multiplier, const int32_t *exponent,
                     const int32_t *zero_point, const int32_t *lowest, const int32_t *highest, int32_t *result)
{
    for (int32_t i = 0; i < n; i++) {
        result[i] = mcugen_requantize_fast(x[i], multiplier[i], exponent[i], zero_point[i], lowest[i], highest[i]);
    }
}

void exp_on_negative(int32_t n, const int32_t *x, int32_t *result)
{
    for (int32_t i = 0; i < n; i++) {
        result[i] = mcugen_exp_on_negative(x[i]);
    }
}

void one_over_one_plus(int32_t n, const int32_t *x, int32_t *result)
{
    for (int32_t i = 0; i < n; i++) {
        result[i] = mcugen_one_over_one_plus(x[i]);
    }
}
