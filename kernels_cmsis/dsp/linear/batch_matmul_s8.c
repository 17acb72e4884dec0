/* Products of two activations with SIMD: two columns of the right matrix at a time, widened once; two rows of the left
 * matrix, four bytes of each at a time, widened in registers. */
#include "portable/linear/batch_matmul.h"
#include "dsp/requantize.h"

/* Four bytes `step` apart as a word; behind the `left` that there are, `fill`. */
MCUGEN_KERNEL uint32_t mcugen_dsp_gather(const int8_t *source, int32_t step, int32_t left, int32_t fill)
{
    uint32_t word = 0;
    if (left >= 4) {
        if (step == 1) {
            return mcugen_load_word(source);
        }
        word = (uint8_t)source[0];
        word |= (uint32_t)(uint8_t)source[step] << 8;
        word |= (uint32_t)(uint8_t)source[2 * step] << 16;
        return word | (uint32_t)(uint8_t)source[3 * step] << 24;
    }
    for (int32_t i = 0; i < 4; i++) {
        word |= ((uint32_t)(i < left ? source[i * step] : fill) & 0xffu) << (8 * i);
    }
    return word;
}

/* Two columns, each four elements in turn as the words (k, k + 2), (k + 1, k + 3); zeros behind the last. `start` gets
 * what sums over them begin with. A column that is missing is the first one again. */
MCUGEN_KERNEL void mcugen_dsp_pack_columns(const struct mcugen_batch_matmul_params *params, const int8_t *right,
                                           int32_t column, mcugen_word *wide, int32_t start[2])
{
    const int32_t step = mcugen_right_step(params), depth = params->depth, quads = (depth + 3) / 4;
    const uint32_t zero_points = mcugen_pair(params->right_zero_point, params->right_zero_point);
    for (int32_t c = 0; c < 2; c++) {
        const int8_t *source = mcugen_right_column(params, right, column + c < params->columns ? column + c : column);
        int32_t sum = 0;
        for (int32_t q = 0; q < quads; q++) {
            const int32_t left = depth - 4 * q;
            const uint32_t word = mcugen_dsp_gather(source, step, left, params->right_zero_point);
            const uint32_t even = mcugen_subtract_halves(mcugen_sxtb16(word), zero_points);
            const uint32_t odd = mcugen_subtract_halves(mcugen_sxtb16_odd(word), zero_points);
            wide[4 * q + 2 * c] = even;
            wide[4 * q + 2 * c + 1] = odd;
            sum = mcugen_smlad(even, 0x10001u, sum);
            sum = mcugen_smlad(odd, 0x10001u, sum);
            source += 4 * step;
        }
        start[c] = -params->left_zero_point * sum;
    }
}

/* Four elements of `rows` rows (1 or 2) and two columns. */
MCUGEN_KERNEL void mcugen_dsp_matmul_step(uint32_t word0, uint32_t word1, const mcugen_word **wide, int rows,
                                          int32_t sum[2][2])
{
    uint32_t odd0, odd1 = 0, even, odd;
    mcugen_widen_bytes(&word0, &odd0);
    if (rows == 2) {
        mcugen_widen_bytes(&word1, &odd1);
    }
#pragma GCC unroll 2
    for (int c = 0; c < 2; c++) {
        mcugen_next_pair(wide, &even, &odd);
        mcugen_accumulate(word0, even, &sum[0][c]);
        mcugen_accumulate(odd0, odd, &sum[0][c]);
        if (rows == 2) {
            mcugen_accumulate(word1, even, &sum[1][c]);
            mcugen_accumulate(odd1, odd, &sum[1][c]);
        }
    }
}

/* `rows` (1 or 2, a constant) rows and two columns. */
MCUGEN_KERNEL void mcugen_dsp_matmul_block(const struct mcugen_batch_matmul_params *params, const int8_t *left,
                                           const mcugen_word *wide, const int32_t start[2], int8_t *output,
                                           int32_t columns, int rows, const struct mcugen_dsp_output *out)
{
    const int32_t depth = params->depth;
    int32_t sum[2][2] = {{start[0], start[1]}, {start[0], start[1]}};
    const int8_t *const end = left + depth / 4 * 4;
#pragma GCC unroll 4
    while (left != end) {
        const uint32_t word1 = rows == 2 ? mcugen_load_word(left + depth) : 0u;
        const uint32_t word0 = mcugen_load_word(left);
        left += 4;
        mcugen_dsp_matmul_step(word0, word1, &wide, rows, sum);
    }
    if (depth % 4 != 0) {
        uint32_t word0 = 0, word1 = 0;
        memcpy(&word0, left, (size_t)(depth % 4));
        if (rows == 2) {
            memcpy(&word1, left + depth, (size_t)(depth % 4));
        }
        mcugen_dsp_matmul_step(word0, word1, &wide, rows, sum);
    }
#pragma GCC unroll 2
    for (int r = 0; r < rows; r++) {
#pragma GCC unroll 2
        for (int c = 0; c < 2; c++) {
            if (c < columns) {
                output[r * params->columns + c] =
                    mcugen_dsp_requantize(sum[r][c], params->multiplier, (uint32_t)params->shift, out);
            }
        }
    }
}

MCUGEN_KERNEL void mcugen_dsp_batch_matmul_one(const struct mcugen_batch_matmul_params *params, const int8_t *left,
                                               const int8_t *right, int8_t *output, void *scratch)
{
    const struct mcugen_dsp_output out = {params->output_zero_point, params->clamp_min, params->clamp_max,
                                          params->general_requantization, 0};
    mcugen_word *const wide = scratch;
    int32_t start[2];
    for (int32_t column = 0; column < params->columns; column += 2) {
        const int32_t columns = params->columns - column < 2 ? 1 : 2;
        mcugen_dsp_pack_columns(params, right, column, wide, start);
        const int8_t *row = left;
        int8_t *target = output + column;
        for (int32_t pairs = params->rows / 2; pairs > 0; pairs--) {
            mcugen_dsp_matmul_block(params, row, wide, start, target, columns, 2, &out);
            row += 2 * params->depth;
            target += 2 * params->columns;
        }
        if (params->rows % 2 != 0) {
            mcugen_dsp_matmul_block(params, row, wide, start, target, columns, 1, &out);
        }
    }
}

MCUGEN_KERNEL void mcugen_dsp_batch_matmul_s8(const struct mcugen_batch_matmul_params *params, const int8_t *first,
                                              const int8_t *second, int8_t *output, void *scratch)
{
    mcugen_each_matmul(params, first, second, output, scratch, mcugen_dsp_batch_matmul_one);
}
