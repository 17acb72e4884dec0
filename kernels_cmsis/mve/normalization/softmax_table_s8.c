/* Softmax over many rows, with exponentials gathered from a table; the output may be the input. */
#include "mve/normalization/lanes.h"
#include "portable/normalization/params.h"

MCUGEN_KERNEL void mcugen_mve_softmax_table_row(const struct mcugen_softmax_table_params *params, const int8_t *input,
                                                const int32_t *exponentials, int8_t *output)
{
    const int32_t largest = mcugen_mve_largest(input, params->row_elements);
    const int32_t rest = params->row_elements % 4, whole = params->row_elements - rest;
    const mve_pred16_t tail = vctp32q((uint32_t)rest);
    const int32_t sum = mcugen_mve_tabled_sum(input, params->row_elements, largest, exponentials);
    int32_t exponent;
    const int32_t reciprocal = mcugen_softmax_reciprocal(sum, params->share_bits, &exponent);
    if (exponent > 31) {
        /* So many elements share the maximum that each gets less than half a step. */
        memset(output, INT8_MIN, (size_t)params->row_elements);
        return;
    }
    for (int32_t i = 0; i < whole; i += 4) {
        const int32x4_t terms = mcugen_mve_tabled(input + i, largest, exponentials, 0, 0);
        vstrbq_s32(output + i, mcugen_mve_shares(terms, reciprocal, exponent));
    }
    if (rest != 0) {
        const int32x4_t terms = mcugen_mve_tabled(input + whole, largest, exponentials, 1, tail);
        vstrbq_p_s32(output + whole, mcugen_mve_shares(terms, reciprocal, exponent), tail);
    }
}

MCUGEN_KERNEL void mcugen_mve_softmax_table_s8(const struct mcugen_softmax_table_params *params, const int8_t *input,
                                               const int32_t *exponentials, int8_t *output)
{
    for (int32_t i = 0; i < params->rows; i++) {
        mcugen_mve_softmax_table_row(params, input, exponentials, output);
        input += params->row_elements;
        output += params->row_elements;
    }
}
