/* Comparison of real numbers: mcugen_compare_s8 of the portable library, eight gathered ranks at a time. */
#include "mve/vectors.h"
#include "portable/elementwise/broadcast.h"
#include "portable/elementwise/params.h"

/* The ranks of eight elements, or of one for all lanes. What a partial load leaves out is 0: a place in the table. */
MCUGEN_KERNEL int16x8_t mcugen_mve_ranks(const int8_t *input, int32_t step, const int16_t *ranks, mve_pred16_t active,
                                         int partly)
{
    const uint8_t *const places = (const uint8_t *)input;
    if (step == 0) {
        return vdupq_n_s16(ranks[*places]);
    }
    return vldrhq_gather_shifted_offset_s16(ranks, partly ? vldrbq_z_u16(places, active) : vldrbq_u16(places));
}

/* 1 in each lane where a is less. Ranks and their differences have ten bits. */
MCUGEN_KERNEL uint16x8_t mcugen_mve_less(int16x8_t a, int16x8_t b)
{
    return vshrq_n_u16(vreinterpretq_u16_s16(vsubq_s16(a, b)), 15);
}

MCUGEN_KERNEL uint16x8_t mcugen_mve_unequal(int16x8_t a, int16x8_t b)
{
    return vorrq_u16(mcugen_mve_less(a, b), mcugen_mve_less(b, a));
}

MCUGEN_KERNEL uint16x8_t mcugen_mve_opposite(uint16x8_t truth)
{
    return veorq_u16(truth, vdupq_n_u16(1));
}

/* Up to eight elements. */
MCUGEN_KERNEL void mcugen_mve_compare_lanes(const struct mcugen_compare_params *params, const int8_t *input0,
                                            const int8_t *input1, const int16_t *rank0, const int16_t *rank1,
                                            uint8_t *output, mve_pred16_t active, int partly)
{
    const int16x8_t a = mcugen_mve_ranks(input0, params->step0[5], rank0, active, partly);
    const int16x8_t b = mcugen_mve_ranks(input1, params->step1[5], rank1, active, partly);
    uint16x8_t result;
    switch (params->wanted) {
    case 1: result = mcugen_mve_less(a, b); break;
    case 4: result = mcugen_mve_less(b, a); break;
    case 3: result = mcugen_mve_opposite(mcugen_mve_less(b, a)); break;
    case 6: result = mcugen_mve_opposite(mcugen_mve_less(a, b)); break;
    case 5: result = mcugen_mve_unequal(a, b); break;
    default: result = mcugen_mve_opposite(mcugen_mve_unequal(a, b)); break;
    }
    if (partly) {
        vstrbq_p_u16(output, result, active);
    } else {
        vstrbq_u16(output, result);
    }
}

/* The innermost axis; returns the end of its outputs. */
MCUGEN_KERNEL uint8_t *mcugen_mve_compare_row(const struct mcugen_compare_params *params, const int8_t *input0,
                                              const int8_t *input1, const int16_t *rank0, const int16_t *rank1,
                                              uint8_t *output)
{
    const int32_t rest = params->shape[5] % 8;
    for (int32_t left = params->shape[5] / 8; left > 0; left--) {
        mcugen_mve_compare_lanes(params, input0, input1, rank0, rank1, output, 0, 0);
        input0 += 8 * params->step0[5];
        input1 += 8 * params->step1[5];
        output += 8;
    }
    if (rest != 0) {
        mcugen_mve_compare_lanes(params, input0, input1, rank0, rank1, output, vctp16q((uint32_t)rest), 1);
    }
    return output + rest;
}

MCUGEN_KERNEL void mcugen_mve_compare_s8(const struct mcugen_compare_params *params, const int8_t *input0,
                                         const int8_t *input1, const int16_t *rank0, const int16_t *rank1,
                                         uint8_t *output)
{
    MCUGEN_EACH_ROW(params, input0, input1,
                    output = mcugen_mve_compare_row(params, row0, row1, rank0, rank1, output))
}
