/* Elements of one byte of one of two tensors, by a condition: mcugen_where of the portable library, sixteen at a time. */
#include "mve/elementwise/bytes.h"
#include "portable/elementwise/broadcast.h"
#include "portable/elementwise/params.h"

/* -1 where the condition is not 0. */
MCUGEN_KERNEL int8x16_t mcugen_mve_chosen(int8x16_t condition)
{
    const uint8x16_t one = vminq_u8(vreinterpretq_u8_s8(condition), vdupq_n_u8(1));
    return vnegq_s8(vreinterpretq_s8_u8(one));
}

/* Up to sixteen elements. */
MCUGEN_KERNEL void mcugen_mve_where_lanes(const struct mcugen_where_params *params, const int8_t *input0,
                                          const int8_t *input1, const int8_t *input2, int8_t *output,
                                          mve_pred16_t active, int partly)
{
    const int8x16_t inputs[3] = {
        mcugen_mve_bytes(input0, params->step0[5], active, partly),
        mcugen_mve_bytes(input1, params->step1[5], active, partly),
        mcugen_mve_bytes(input2, params->step2[5], active, partly),
    };
    const int8x16_t chosen = mcugen_mve_chosen(inputs[params->role[0]]);
    const int8x16_t result = vorrq_s8(vandq_s8(inputs[params->role[1]], chosen),
                                      vbicq_s8(inputs[params->role[2]], chosen));
    mcugen_mve_store_bytes(output, result, active, partly);
}

/* The innermost axis; returns the end of its outputs. */
MCUGEN_KERNEL int8_t *mcugen_mve_where_row(const struct mcugen_where_params *params, const int8_t *input0,
                                           const int8_t *input1, const int8_t *input2, int8_t *output)
{
    const int32_t rest = params->shape[5] % 16;
    for (int32_t left = params->shape[5] / 16; left > 0; left--) {
        mcugen_mve_where_lanes(params, input0, input1, input2, output, 0, 0);
        input0 += 16 * params->step0[5];
        input1 += 16 * params->step1[5];
        input2 += 16 * params->step2[5];
        output += 16;
    }
    if (rest != 0) {
        mcugen_mve_where_lanes(params, input0, input1, input2, output, vctp8q((uint32_t)rest), 1);
    }
    return output + rest;
}

MCUGEN_KERNEL void mcugen_mve_where_s8(const struct mcugen_where_params *params, const int8_t *input0,
                                       const int8_t *input1, const int8_t *input2, int8_t *output)
{
    MCUGEN_EACH_ROW_OF_THREE(params, input0, input1, input2,
                             output = mcugen_mve_where_row(params, row0, row1, row2, output))
}
