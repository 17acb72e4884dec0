/* Softmax over the elements that a mask lets take part: mcugen_masked_softmax_s8 of the portable library in lanes. The
 * output may be the input. */
#include "mve/elementwise/bytes.h"
#include "mve/elementwise/lanes.h"
#include "mve/normalization/lanes.h"
#include "portable/normalization/params.h"

/* The mask of a row: elements from one to the next, and which of its values takes part. */
struct mcugen_mve_row_mask {
    int32_t step, included;
};

/* -1 where up to sixteen elements take part. */
MCUGEN_KERNEL int8x16_t mcugen_mve_takes_part_16(const struct mcugen_mve_row_mask *row, const uint8_t *mask,
                                                 mve_pred16_t active, int partly)
{
    const int8x16_t bytes = mcugen_mve_bytes((const int8_t *)mask, row->step, active, partly);
    const int8x16_t set = vnegq_s8(vreinterpretq_s8_u8(vminq_u8(vreinterpretq_u8_s8(bytes), vdupq_n_u8(1))));
    return row->included ? set : vmvnq_s8(set);
}

/* The same of up to four elements. */
MCUGEN_KERNEL int32x4_t mcugen_mve_takes_part_4(const struct mcugen_mve_row_mask *row, const uint8_t *mask,
                                                int32_t lanes, int partly)
{
    const int32x4_t bytes = mcugen_mve_elements((const int8_t *)mask, row->step, lanes, partly);
    /* 0, or the sign of a number that is not: of itself or of its opposite. */
    const int32x4_t set = vshrq_n_s32(vorrq_s32(bytes, vsubq_s32(vdupq_n_s32(0), bytes)), 31);
    return row->included ? set : vmvnq_s32(set);
}

/* The largest element that takes part. */
MCUGEN_KERNEL int32_t mcugen_mve_masked_largest(const struct mcugen_mve_row_mask *row, const int8_t *input,
                                                const uint8_t *mask, int32_t elements)
{
    const int8x16_t least = vdupq_n_s8(INT8_MIN);
    int8_t largest = INT8_MIN;
    for (int32_t left = elements; left > 0; left -= 16) {
        const mve_pred16_t active = vctp8q((uint32_t)left);
        const int8x16_t part = mcugen_mve_takes_part_16(row, mask, active, 1);
        const int8x16_t x = vorrq_s8(vandq_s8(vldrbq_z_s8(input, active), part), vbicq_s8(least, part));
        largest = vmaxvq_p_s8(largest, x, active);
        input += 16;
        mask += 16 * row->step;
    }
    return largest;
}

/* The exponentials of up to four elements, 0 of those that do not take part. */
MCUGEN_KERNEL int32x4_t mcugen_mve_masked_terms(const struct mcugen_mve_row_mask *row, const int8_t *input,
                                                const uint8_t *mask, int32_t largest, const int32_t *exponentials,
                                                int32_t lanes, int partly)
{
    const int32x4_t terms =
        mcugen_mve_tabled(input, largest, exponentials, partly, partly ? vctp32q((uint32_t)lanes) : 0);
    return vandq_s32(terms, mcugen_mve_takes_part_4(row, mask, lanes, partly));
}

MCUGEN_KERNEL int32_t mcugen_mve_masked_sum(const struct mcugen_mve_row_mask *row, const int8_t *input,
                                            const uint8_t *mask, int32_t largest, const int32_t *exponentials,
                                            int32_t elements)
{
    int32_t sum = 0; /* Q12.19 */
    for (int32_t left = elements / 4; left > 0; left--) {
        const int32x4_t terms = mcugen_mve_masked_terms(row, input, mask, largest, exponentials, 4, 0);
        sum = vaddvaq_s32(sum, vrshrq_n_s32(terms, MCUGEN_SOFTMAX_BITS));
        input += 4;
        mask += 4 * row->step;
    }
    if (elements % 4 != 0) {
        const int32x4_t terms = mcugen_mve_masked_terms(row, input, mask, largest, exponentials, elements % 4, 1);
        sum = vaddvaq_p_s32(sum, vrshrq_n_s32(terms, MCUGEN_SOFTMAX_BITS), vctp32q((uint32_t)(elements % 4)));
    }
    return sum;
}

MCUGEN_KERNEL void mcugen_mve_masked_row(const struct mcugen_masked_softmax_params *params, const int8_t *input,
                                         const uint8_t *mask, const int32_t *exponentials, int8_t *output)
{
    const struct mcugen_mve_row_mask row = {params->mask_step[5], params->included};
    const int32_t elements = params->shape[5];
    const int32_t largest = mcugen_mve_masked_largest(&row, input, mask, elements);
    const int32_t sum = mcugen_mve_masked_sum(&row, input, mask, largest, exponentials, elements);
    int32_t exponent = 32, reciprocal = 0;
    if (sum != 0) {
        reciprocal = mcugen_softmax_reciprocal(sum, params->share_bits, &exponent);
    }
    if (exponent > 31) {
        /* None takes part, or so many share the maximum that each gets less than half a step. */
        memset(output, INT8_MIN, (size_t)elements);
        return;
    }
    for (int32_t left = elements / 4; left > 0; left--) {
        const int32x4_t terms = mcugen_mve_masked_terms(&row, input, mask, largest, exponentials, 4, 0);
        vstrbq_s32(output, mcugen_mve_shares(terms, reciprocal, exponent));
        input += 4;
        output += 4;
        mask += 4 * row.step;
    }
    if (elements % 4 != 0) {
        const int32x4_t terms = mcugen_mve_masked_terms(&row, input, mask, largest, exponentials, elements % 4, 1);
        mcugen_mve_results(output, mcugen_mve_shares(terms, reciprocal, exponent), elements % 4, 1);
    }
}

MCUGEN_KERNEL void mcugen_mve_masked_softmax_s8(const struct mcugen_masked_softmax_params *params, const int8_t *input,
                                                const uint8_t *mask, const int32_t *exponentials, int8_t *output)
{
    const int32_t *const shape = params->shape, *const step = params->mask_step;
    for (int32_t i = 0; i < shape[0] * shape[1]; i++) {
        const uint8_t *const outer = mask + i / shape[1] * step[0] + i % shape[1] * step[1];
        for (int32_t j = 0; j < shape[2]; j++) {
            for (int32_t k = 0; k < shape[3]; k++) {
                for (int32_t l = 0; l < shape[4]; l++) {
                    mcugen_mve_masked_row(params, input, outer + j * step[2] + k * step[3] + l * step[4], exponentials,
                                          output);
                    input += shape[5];
                    output += shape[5];
                }
            }
        }
    }
}
