/* Rows of int16 times a matrix of int8: fully connected, and pointwise convolution with stride 1. Two rows at a time are
 * copied, so that their outputs may lie over them, and are columns of the matrix product. Scratch: two rows, of whole
 * vectors. */
#include "mve/copy.h"
#include "mve/gemm_s16.h"

struct mcugen_mve_rows_s16_params {
    int32_t rows, depth, output_c;
    int32_t clamp_min, clamp_max;
    int32_t form;
};

MCUGEN_KERNEL void mcugen_mve_rows_s16(const struct mcugen_mve_rows_s16_params *params, const int16_t *input,
                                       const int32_t *weights, int16_t *output, void *scratch)
{
    const struct mcugen_mve_output_s16 out =
        mcugen_mve_output_s16(params->clamp_min, params->clamp_max, params->form);
    const int32_t bytes = 2 * params->depth, chunks = (bytes + 15) / 16;
    const int8_t *x = (const int8_t *)input;
    int8_t *const first = scratch, *const second = first + 16 * chunks;
    for (int32_t pairs = params->rows / 2; pairs > 0; pairs--) {
        mcugen_mve_copy(first, x, bytes);
        mcugen_mve_copy(second, x + bytes, bytes);
        x += 2 * bytes;
        mcugen_mve_gemm_2_s16(first, second, weights, chunks, output, params->output_c, params->output_c, &out);
        output += 2 * params->output_c;
    }
    if (params->rows % 2 != 0) {
        mcugen_mve_copy(first, x, bytes);
        mcugen_mve_gemm_1_s16(first, weights, chunks, output, params->output_c, &out);
    }
}
