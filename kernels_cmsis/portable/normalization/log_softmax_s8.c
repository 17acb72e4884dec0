/* The logarithm of softmax over rows; the arithmetic is that of mcugen/graph/ops/normalization/log_softmax.py.
 * The output may be the input. */
#include "params.h"
#include "softmax.h"

/* log2 of a positive sum in Q12.19, 16 fractional bits; 0 below 1. */
MCUGEN_KERNEL int32_t mcugen_log2_of_sum(int32_t sum)
{
    int32_t result = 11 * 65536;
    uint32_t mantissa = (uint32_t)sum;
    while ((mantissa & UINT32_C(0x40000000)) == 0u) {
        mantissa <<= 1;
        result -= 65536;
    }
    for (int32_t bit = 32768; bit > 0; bit >>= 1) {
        mantissa = (uint32_t)((uint64_t)mantissa * mantissa >> 30);
        if (mantissa >= UINT32_C(0x80000000)) {
            mantissa >>= 1;
            result += bit;
        }
    }
    return result < 0 ? 0 : result;
}

MCUGEN_KERNEL void mcugen_log_softmax_row(const struct mcugen_log_softmax_params *params, const int8_t *input,
                                          const int32_t *exponentials, int8_t *output)
{
    int32_t largest = INT8_MIN;
    for (int32_t i = 0; i < params->row_elements; i++) {
        largest = input[i] > largest ? input[i] : largest;
    }
    int32_t sum = 0;
    for (int32_t i = 0; i < params->row_elements; i++) {
        if (largest - input[i] <= params->most_below) {
            sum += mcugen_rounding_shift_right(exponentials[largest - input[i]], MCUGEN_SOFTMAX_BITS);
        }
    }
    const int64_t unit = (int64_t)((uint64_t)(uint32_t)params->unit_high << 32 | (uint32_t)params->unit_low);
    const int64_t start = (INT64_C(1) << 19) - ((mcugen_log2_of_sum(sum) * unit) >> 16);
    for (int32_t i = 0; i < params->row_elements; i++) {
        int64_t value = ((int64_t)(input[i] - largest) * params->slope + start) >> 20;
        value += params->output_zero_point;
        output[i] = (int8_t)(value < INT8_MIN ? INT8_MIN : value > INT8_MAX ? INT8_MAX : value);
    }
}

MCUGEN_KERNEL void mcugen_log_softmax_s8(const struct mcugen_log_softmax_params *params, const int8_t *input,
                                         const int32_t *exponentials, int8_t *output)
{
    for (int32_t row = 0; row < params->rows; row++) {
        mcugen_log_softmax_row(params, input, exponentials, output);
        input += params->row_elements;
        output += params->row_elements;
    }
}
