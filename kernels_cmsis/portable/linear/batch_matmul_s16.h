/* What the products of two activations of int16 share: zero points are 0, sums have 64 bits, and columns of the right side go by
 * two at a time. Where they do not lie in rows they are copied to scratch. */
#ifndef MCUGEN_PORTABLE_BATCH_MATMUL_S16_H
#define MCUGEN_PORTABLE_BATCH_MATMUL_S16_H

#include "mcugen_requantize_s16.h"
#include "portable/linear/batch_matmul.h"

/* Copies `depth` elements that lie `step` apart. */
MCUGEN_KERNEL void mcugen_column_s16(int16_t *copy, const int16_t *column, int32_t depth, int32_t step)
{
    for (int32_t k = 0; k < depth; k++) {
        copy[k] = column[k * step];
    }
}

/* As mcugen_round_once_wide; where the product with 2**`up` times the multiplier fits 62 bits, its low word has nothing that
 * rounding needs. */
MCUGEN_KERNEL int16_t mcugen_batch_matmul_finish_s16(const struct mcugen_batch_matmul_params *params, int64_t sum)
{
    const int32_t shift = params->shift, up = shift < 33 ? 33 - shift : 0, exponent = shift + up - 32;
    int32_t value;
    if (shift > 16 && exponent < 31 && params->depth < INT64_MAX >> (46 + up)) {
        const int32_t high = (int32_t)((sum * (params->multiplier * (1 << up))) >> 32);
        value = (high + (1 << (exponent - 1))) >> exponent;
    } else {
        value = mcugen_round_once_wide(sum, params->multiplier, shift);
    }
    return mcugen_limit_s16(value, params->clamp_min, params->clamp_max);
}

/* Defines `name`, one product of matrices: TWO_SUMS(left, first, second, depth, sums) multiplies a row of the left side with two
 * columns, COPY(copy, column, depth, step) is mcugen_column_s16 or does the same. Functions handed over would not be inlined by
 * every build. */
#define MCUGEN_MATMUL_S16(name, TWO_SUMS, COPY)                                                                     \
    MCUGEN_KERNEL void name(const struct mcugen_batch_matmul_params *params, const int8_t *left_bytes,              \
                            const int8_t *right_bytes, int8_t *output_bytes, void *scratch)                         \
    {                                                                                                               \
        const int16_t *const right = (const int16_t *)(const void *)right_bytes;                                    \
        const int32_t depth = params->depth, next = params->transposed ? depth : 1;                                 \
        int16_t *const copies = scratch;                                                                            \
        for (int32_t column = 0; column < params->columns; column += 2) {                                           \
            const int32_t both = column + 1 < params->columns;                                                      \
            const int16_t *first = right + column * next, *second = both ? first + next : first;                    \
            if (!params->transposed) {                                                                              \
                COPY(copies, first, depth, params->columns);                                                        \
                COPY(copies + depth, second, depth, params->columns);                                               \
                first = copies;                                                                                     \
                second = copies + depth;                                                                            \
            }                                                                                                       \
            const int16_t *left = (const int16_t *)(const void *)left_bytes;                                        \
            int16_t *output = (int16_t *)(void *)output_bytes + column;                                             \
            for (int32_t row = 0; row < params->rows; row++) {                                                      \
                int64_t sums[2];                                                                                    \
                TWO_SUMS(left, first, second, depth, sums);                                                         \
                output[0] = mcugen_batch_matmul_finish_s16(params, sums[0]);                                        \
                if (both) {                                                                                         \
                    output[1] = mcugen_batch_matmul_finish_s16(params, sums[1]);                                    \
                }                                                                                                   \
                left += depth;                                                                                      \
                output += params->columns;                                                                          \
            }                                                                                                       \
        }                                                                                                           \
    }

#endif
