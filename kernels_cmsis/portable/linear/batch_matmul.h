/* What the products of two activations share: sizes, batches, columns of the right side.
 *
 * A block of columns of the right matrix is widened to int16 without its zero point, in scratch; then all rows of the
 * left matrix, as they lie in memory, go by. The zero point of the left side is folded into the start of each sum:
 *   sum over k of (left - z) * column = sum over k of left * column - z * (sum over k of column).
 */
#ifndef MCUGEN_PORTABLE_BATCH_MATMUL_H
#define MCUGEN_PORTABLE_BATCH_MATMUL_H

#include "mcugen_requantize.h"

/* Leading axes, padded at the front to four; steps are elements from one matrix to the next. */
struct mcugen_batch_matmul_params {
    int32_t batch[4], left_step[4], right_step[4];
    int32_t rows, depth, columns;
    int32_t transposed;  /* 1: the right matrix is stored as (columns, depth) */
    int32_t right_first; /* 1: the right side is the first argument (the left one is a constant) */
    int32_t left_zero_point, right_zero_point, output_zero_point;
    /* general: as in LiteRT; else 2m - 2**32 and the exponent of mcugen_requantize_fast; of int16 as in
     * mcugen_round_once_wide */
    int32_t multiplier, shift;
    int32_t general_requantization;
    int32_t clamp_min, clamp_max;
};

/* One product of matrices, of bytes whatever their elements are. */
typedef void mcugen_matmul(const struct mcugen_batch_matmul_params *params, const int8_t *left, const int8_t *right,
                           int8_t *output, void *scratch);

/* bytes: of an element. */
MCUGEN_KERNEL void mcugen_each_matmul_of(const struct mcugen_batch_matmul_params *params, const int8_t *first,
                                         const int8_t *second, int8_t *output, void *scratch, int32_t bytes,
                                         mcugen_matmul *multiply)
{
    const int8_t *left = params->right_first ? second : first, *right = params->right_first ? first : second;
    const int32_t *const batch = params->batch, *const left_step = params->left_step,
                         *const right_step = params->right_step;
    for (int32_t i = 0; i < batch[0]; i++) {
        for (int32_t j = 0; j < batch[1]; j++) {
            for (int32_t k = 0; k < batch[2]; k++) {
                for (int32_t l = 0; l < batch[3]; l++) {
                    const int32_t of_left =
                        i * left_step[0] + j * left_step[1] + k * left_step[2] + l * left_step[3];
                    const int32_t of_right =
                        i * right_step[0] + j * right_step[1] + k * right_step[2] + l * right_step[3];
                    multiply(params, left + bytes * of_left, right + bytes * of_right, output, scratch);
                    output += bytes * params->rows * params->columns;
                }
            }
        }
    }
}

MCUGEN_KERNEL void mcugen_each_matmul(const struct mcugen_batch_matmul_params *params, const int8_t *first,
                                      const int8_t *second, int8_t *output, void *scratch, mcugen_matmul *multiply)
{
    mcugen_each_matmul_of(params, first, second, output, scratch, 1, multiply);
}

/* The first element of a column of the right matrix, and the elements from one to the next. */
MCUGEN_KERNEL const int8_t *mcugen_right_column(const struct mcugen_batch_matmul_params *params, const int8_t *right,
                                                int32_t column)
{
    return right + column * (params->transposed ? params->depth : 1);
}

MCUGEN_KERNEL int32_t mcugen_right_step(const struct mcugen_batch_matmul_params *params)
{
    return params->transposed ? 1 : params->columns;
}

#endif
