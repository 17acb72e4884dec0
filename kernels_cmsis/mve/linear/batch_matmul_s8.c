/* Products of two activations: four columns of the right matrix become the weights of a block of gemm.h in scratch, then
 * all rows of the left matrix go by. Both stay int8:
 *   sum of (left - zl) * (right - zr) = sum of left * right - zl * (sum of right) - zr * (sum of left) + depth * zl * zr.
 *
 * Scratch: the block, the sums of the left matrix's rows where they count, and two rows where their length is no multiple
 * of 16. Multipliers and shifts are LiteRT's.
 */
#include "mve/copy.h"
#include "mve/gemm.h"
#include "portable/linear/batch_matmul.h"

/* Sixteen elements of a column of the right matrix from element k on; 0 beyond its end. */
MCUGEN_KERNEL void mcugen_mve_column_part(const struct mcugen_batch_matmul_params *params, const int8_t *column,
                                          int32_t k, int8_t *target)
{
    const int32_t step = mcugen_right_step(params), left = params->depth - k;
    if (step == 1) {
        if (left >= 16) {
            vstrbq_s8(target, vldrbq_s8(column + k));
        } else {
            vstrbq_s8(target, vldrbq_z_s8(column + k, vctp8q((uint32_t)left)));
        }
        return;
    }
    const uint16x8_t offsets = vmulq_n_u16(vidupq_n_u16(0, 1), (uint16_t)step);
    for (int32_t half = 0; half < 16; half += 8) {
        const int32_t now = left - half > 0 ? left - half : 0;
        const int16x8_t elements = vldrbq_gather_offset_z_s16(column + (now > 0 ? (k + half) * step : 0), offsets,
                                                              vctp16q((uint32_t)now));
        vstrbq_s16(target + half, elements);
    }
}

/* The block of `columns` (at most 4) columns; missing ones are 0. */
MCUGEN_KERNEL void mcugen_mve_pack_columns(const struct mcugen_batch_matmul_params *params, const int8_t *right,
                                           int32_t first, int32_t columns, mcugen_mve_word *block)
{
    const int32_t depth = params->depth, chunks = (depth + 15) / 16;
    int8_t *const bytes = (int8_t *)(block + 4);
    for (int32_t c = 0; c < 4; c++) {
        int32_t sum = 0;
        for (int32_t i = 0; i < chunks; i++) {
            int8_t *const target = bytes + 64 * i + 16 * c;
            if (c < columns) {
                mcugen_mve_column_part(params, mcugen_right_column(params, right, first + c), 16 * i, target);
                sum = vaddvaq_s8(sum, vldrbq_s8(target));
            } else {
                vstrbq_s8(target, vdupq_n_s8(0));
            }
        }
        block[c] = params->left_zero_point * (depth * params->right_zero_point - sum);
    }
}

MCUGEN_KERNEL int32_t mcugen_mve_row_sum(const int8_t *row, int32_t depth)
{
    int32_t sum = 0;
    for (int32_t left = depth / 16; left > 0; left--) {
        sum = vaddvaq_s8(sum, vldrbq_s8(row));
        row += 16;
    }
    return depth % 16 != 0 ? vaddvaq_s8(sum, vldrbq_z_s8(row, vctp8q((uint32_t)(depth % 16)))) : sum;
}

/* Requantizes and stores up to four columns of one row. */
MCUGEN_KERNEL void mcugen_mve_matmul_store(const struct mcugen_batch_matmul_params *params, int32x4_t sums,
                                           int32_t row_sum, int8_t *output, int32_t columns,
                                           const struct mcugen_mve_output *out)
{
    if (params->right_zero_point != 0) {
        sums = vaddq_n_s32(sums, -params->right_zero_point * row_sum);
    }
    const int32x4_t results = mcugen_mve_requantize_n(sums, params->multiplier, params->shift, out);
    if (columns == 4) {
        vstrbq_s32(output, results);
    } else {
        vstrbq_p_s32(output, results, vctp32q((uint32_t)columns));
    }
}

/* All rows times one block. */
MCUGEN_KERNEL void mcugen_mve_matmul_block(const struct mcugen_batch_matmul_params *params, const int8_t *left,
                                           const mcugen_mve_word *block, const int32_t *row_sums, int8_t *rows_copied,
                                           int8_t *output, int32_t columns, const struct mcugen_mve_output *out)
{
    const int32_t depth = params->depth, chunks = (depth + 15) / 16;
    for (int32_t row = 0; row + 2 <= params->rows; row += 2) {
        const mcugen_mve_word *stream = block;
        const int8_t *first = left, *second = left + depth;
        int32x4_t sums0, sums1;
        if (depth % 16 != 0) {
            mcugen_mve_copy(rows_copied, first, depth);
            mcugen_mve_copy(rows_copied + 16 * chunks, second, depth);
            first = rows_copied;
            second = rows_copied + 16 * chunks;
        }
        mcugen_mve_sums_2(first, second, &stream, chunks, MCUGEN_MVE_INT8, &sums0, &sums1);
        mcugen_mve_matmul_store(params, sums0, row_sums[row], output, columns, out);
        mcugen_mve_matmul_store(params, sums1, row_sums[row + 1], output + params->columns, columns, out);
        left += 2 * depth;
        output += 2 * params->columns;
    }
    if (params->rows % 2 != 0) {
        const mcugen_mve_word *stream = block;
        const int8_t *first = left;
        if (depth % 16 != 0) {
            mcugen_mve_copy(rows_copied, first, depth);
            first = rows_copied;
        }
        const int32x4_t sums = mcugen_mve_sums_1(first, &stream, chunks, MCUGEN_MVE_INT8);
        mcugen_mve_matmul_store(params, sums, row_sums[params->rows - 1], output, columns, out);
    }
}

MCUGEN_KERNEL void mcugen_mve_batch_matmul_one(const struct mcugen_batch_matmul_params *params, const int8_t *left,
                                               const int8_t *right, int8_t *output, void *scratch)
{
    const struct mcugen_mve_output out = {params->output_zero_point, params->clamp_min, params->clamp_max,
                                          params->shift > -1};
    const int32_t chunks = (params->depth + 15) / 16, whole = params->columns & ~3;
    mcugen_mve_word *const block = scratch, *const row_sums = block + 4 + 16 * chunks;
    int8_t *const rows_copied = (int8_t *)(row_sums + params->rows);
    for (int32_t row = 0; row < params->rows; row++) {
        row_sums[row] = params->right_zero_point != 0 ? mcugen_mve_row_sum(left + row * params->depth, params->depth)
                                                      : 0;
    }
    for (int32_t column = 0; column < whole; column += 4) {
        mcugen_mve_pack_columns(params, right, column, 4, block);
        mcugen_mve_matmul_block(params, left, block, (const int32_t *)row_sums, rows_copied, output + column, 4, &out);
    }
    if (params->columns != whole) {
        mcugen_mve_pack_columns(params, right, whole, params->columns - whole, block);
        mcugen_mve_matmul_block(params, left, block, (const int32_t *)row_sums, rows_copied, output + whole,
                                params->columns - whole, &out);
    }
}

MCUGEN_KERNEL void mcugen_mve_batch_matmul_s8(const struct mcugen_batch_matmul_params *params, const int8_t *first,
                                              const int8_t *second, int8_t *output, void *scratch)
{
    mcugen_each_matmul(params, first, second, output, scratch, mcugen_mve_batch_matmul_one);
}
