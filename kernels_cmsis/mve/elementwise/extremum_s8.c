/* The larger or the smaller of two tensors of one scale, sixteen elements at a time. */
#include "mve/elementwise/bytes.h"
#include "portable/elementwise/broadcast.h"
#include "portable/elementwise/params.h"

/* Up to sixteen elements. */
MCUGEN_KERNEL void mcugen_mve_extremum_lanes(const struct mcugen_integer_params *params, const int8_t *input0,
                                             const int8_t *input1, int8_t *output, int largest, mve_pred16_t active,
                                             int partly)
{
    const int8x16_t a = mcugen_mve_bytes(input0, params->step0[5], active, partly);
    const int8x16_t b = mcugen_mve_bytes(input1, params->step1[5], active, partly);
    mcugen_mve_store_bytes(output, largest ? vmaxq_s8(a, b) : vminq_s8(a, b), active, partly);
}

/* The innermost axis; returns the end of its outputs. */
MCUGEN_KERNEL int8_t *mcugen_mve_extremum_row(const struct mcugen_integer_params *params, const int8_t *input0,
                                              const int8_t *input1, int8_t *output, int largest)
{
    const int32_t rest = params->shape[5] % 16;
    for (int32_t left = params->shape[5] / 16; left > 0; left--) {
        mcugen_mve_extremum_lanes(params, input0, input1, output, largest, 0, 0);
        input0 += 16 * params->step0[5];
        input1 += 16 * params->step1[5];
        output += 16;
    }
    if (rest != 0) {
        mcugen_mve_extremum_lanes(params, input0, input1, output, largest, vctp8q((uint32_t)rest), 1);
    }
    return output + rest;
}

MCUGEN_KERNEL void mcugen_mve_maximum_s8(const struct mcugen_integer_params *params, const int8_t *input0,
                                         const int8_t *input1, int8_t *output)
{
    MCUGEN_EACH_ROW(params, input0, input1, output = mcugen_mve_extremum_row(params, row0, row1, output, 1))
}

MCUGEN_KERNEL void mcugen_mve_minimum_s8(const struct mcugen_integer_params *params, const int8_t *input0,
                                         const int8_t *input1, int8_t *output)
{
    MCUGEN_EACH_ROW(params, input0, input1, output = mcugen_mve_extremum_row(params, row0, row1, output, 0))
}
