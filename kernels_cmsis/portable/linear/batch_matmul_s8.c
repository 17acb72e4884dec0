/* Products of two activations: two columns of the right matrix at a time, two rows of the left. */
#include "batch_matmul.h"

MCUGEN_KERNEL int8_t mcugen_batch_matmul_finish(const struct mcugen_batch_matmul_params *params, uint32_t sum)
{
    const int32_t zero_point = params->output_zero_point;
    if (params->general_requantization) {
        const int32_t value = mcugen_requantize((int32_t)sum, params->multiplier, params->shift);
        return mcugen_to_int8(value, zero_point, params->clamp_min, params->clamp_max);
    }
    return mcugen_requantize_fast((int32_t)sum, params->multiplier, params->shift, zero_point, params->clamp_min,
                                  params->clamp_max);
}

/* Widens `count` (1 or 2) columns, element by element in turn; gives what sums over them start with. */
MCUGEN_KERNEL void mcugen_widen_columns(const struct mcugen_batch_matmul_params *params, const int8_t *right,
                                        int32_t column, int32_t count, int16_t *wide, uint32_t start[2])
{
    const int32_t step = mcugen_right_step(params);
    for (int32_t c = 0; c < count; c++) {
        const int8_t *source = mcugen_right_column(params, right, column + c);
        int32_t sum = 0;
        for (int32_t k = 0; k < params->depth; k++) {
            const int32_t value = source[k * step] - params->right_zero_point;
            sum += value;
            wide[k * count + c] = (int16_t)value;
        }
        start[c] = (uint32_t)(-params->left_zero_point * sum);
    }
}

/* Two rows and two columns. */
MCUGEN_KERNEL void mcugen_batch_matmul_2x2(const struct mcugen_batch_matmul_params *params, const int8_t *left,
                                           const int16_t *wide, const uint32_t start[2], int8_t *output)
{
    uint32_t sum00 = start[0], sum01 = start[1], sum10 = start[0], sum11 = start[1];
#pragma GCC unroll 4
    for (int32_t k = 0; k < params->depth; k++) {
        const int32_t x = left[k], y = left[params->depth + k], v = wide[2 * k], w = wide[2 * k + 1];
        sum00 += (uint32_t)(x * v);
        sum01 += (uint32_t)(x * w);
        sum10 += (uint32_t)(y * v);
        sum11 += (uint32_t)(y * w);
    }
    output[0] = mcugen_batch_matmul_finish(params, sum00);
    output[1] = mcugen_batch_matmul_finish(params, sum01);
    output[params->columns] = mcugen_batch_matmul_finish(params, sum10);
    output[params->columns + 1] = mcugen_batch_matmul_finish(params, sum11);
}

/* One row and one of `count` columns. */
MCUGEN_KERNEL int8_t mcugen_batch_matmul_1x1(const struct mcugen_batch_matmul_params *params, const int8_t *left,
                                             const int16_t *wide, int32_t count, uint32_t sum)
{
#pragma GCC unroll 4
    for (int32_t k = 0; k < params->depth; k++) {
        sum += (uint32_t)(left[k] * wide[k * count]);
    }
    return mcugen_batch_matmul_finish(params, sum);
}

MCUGEN_KERNEL void mcugen_batch_matmul_one(const struct mcugen_batch_matmul_params *params, const int8_t *left,
                                           const int8_t *right, int8_t *output, void *scratch)
{
    int16_t *const wide = scratch;
    uint32_t start[2];
    for (int32_t column = 0; column < params->columns; column += 2) {
        const int32_t count = params->columns - column < 2 ? 1 : 2;
        mcugen_widen_columns(params, right, column, count, wide, start);
        int32_t row = 0;
        if (count == 2) {
            for (; row + 2 <= params->rows; row += 2) {
                mcugen_batch_matmul_2x2(params, left + row * params->depth, wide, start,
                                        output + row * params->columns + column);
            }
        }
        for (; row < params->rows; row++) {
            for (int32_t c = 0; c < count; c++) {
                output[row * params->columns + column + c] = mcugen_batch_matmul_1x1(
                    params, left + row * params->depth, wide + c, count, start[c]);
            }
        }
    }
}

MCUGEN_KERNEL void mcugen_batch_matmul_s8(const struct mcugen_batch_matmul_params *params, const int8_t *first,
                                          const int8_t *second, int8_t *output, void *scratch)
{
    mcugen_each_matmul(params, first, second, output, scratch, mcugen_batch_matmul_one);
}
