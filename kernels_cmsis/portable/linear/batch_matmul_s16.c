/* Products of two activations of int16, whose zero points are 0: sums have 64 bits.
 *
 * Columns of the right side go by two at a time; where they do not lie in rows they are copied to scratch. */
#include "batch_matmul.h"
#include "mcugen_requantize_s16.h"

MCUGEN_KERNEL int16_t mcugen_batch_matmul_finish_s16(const struct mcugen_batch_matmul_params *params, int64_t sum)
{
    const int32_t value = mcugen_round_once_wide(sum, params->multiplier, params->shift);
    return mcugen_limit_s16(value, params->clamp_min, params->clamp_max);
}

/* A column of the right side, its elements one behind the other. */
MCUGEN_KERNEL const int16_t *mcugen_column_s16(const struct mcugen_batch_matmul_params *params, const int16_t *right,
                                               int32_t column, int16_t *copy)
{
    if (params->transposed) {
        return right + column * params->depth;
    }
    for (int32_t k = 0; k < params->depth; k++) {
        copy[k] = right[k * params->columns + column];
    }
    return copy;
}

MCUGEN_KERNEL void mcugen_batch_matmul_one_s16(const struct mcugen_batch_matmul_params *params, const int8_t *left_bytes,
                                               const int8_t *right_bytes, int8_t *output_bytes, void *scratch)
{
    const int16_t *const right = (const int16_t *)(const void *)right_bytes;
    const int32_t depth = params->depth;
    int16_t *const copies = scratch;
    for (int32_t column = 0; column < params->columns; column += 2) {
        const int32_t both = column + 1 < params->columns;
        const int16_t *const first = mcugen_column_s16(params, right, column, copies);
        const int16_t *const second = both ? mcugen_column_s16(params, right, column + 1, copies + depth) : first;
        const int16_t *left = (const int16_t *)(const void *)left_bytes;
        int16_t *output = (int16_t *)(void *)output_bytes + column;
        for (int32_t row = 0; row < params->rows; row++) {
            int64_t sums[2] = {0};
#pragma GCC unroll 4
            for (int32_t k = 0; k < depth; k++) {
                sums[0] += left[k] * first[k];
                sums[1] += left[k] * second[k];
            }
            output[0] = mcugen_batch_matmul_finish_s16(params, sums[0]);
            if (both) {
                output[1] = mcugen_batch_matmul_finish_s16(params, sums[1]);
            }
            left += depth;
            output += params->columns;
        }
    }
}

MCUGEN_KERNEL void mcugen_batch_matmul_s16(const struct mcugen_batch_matmul_params *params, const int16_t *first,
                                           const int16_t *second, int16_t *output, void *scratch)
{
    mcugen_each_matmul_of(params, (const int8_t *)first, (const int8_t *)second, (int8_t *)output, scratch, 2,
                          mcugen_batch_matmul_one_s16);
}
