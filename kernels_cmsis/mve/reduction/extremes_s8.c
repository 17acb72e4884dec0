/* Largest or smallest of bytes over neighbouring axes, or its place: mcugen_reduce_integer of the portable library. Where
 * axes behind them are kept, sixteen of their elements (eight with places) are lanes; else a row is searched sixteen elements at a
 * time. The smallest of x is the largest of the opposite, ~x. */
#include "mve/elementwise/bytes.h"
#include "portable/integers.h"
#include "portable/reduction/params.h"

/* Up to sixteen results beside each other. */
MCUGEN_KERNEL void mcugen_mve_extreme_lanes(const struct mcugen_reduce_params *params, const int8_t *input,
                                            int8_t *output, mve_pred16_t active, int partly)
{
    int8x16_t found = mcugen_mve_bytes(input, 1, active, partly);
    for (int32_t left = params->shape[1] - 1; left > 0; left--) {
        input += params->shape[2];
        const int8x16_t x = mcugen_mve_bytes(input, 1, active, partly);
        found = params->operation == 0 ? vmaxq_s8(found, x) : vminq_s8(found, x);
    }
    mcugen_mve_store_bytes(output, found, active, partly);
}

/* Up to sixteen elements of a row, so that the largest is wanted. */
MCUGEN_KERNEL int8x16_t mcugen_mve_searched(const int8_t *input, int smallest, mve_pred16_t active, int partly)
{
    const int8x16_t x = mcugen_mve_bytes(input, 1, active, partly);
    return smallest ? vmvnq_s8(x) : x;
}

MCUGEN_KERNEL int8_t mcugen_mve_extreme_of_row(const int8_t *input, int32_t elements, int smallest)
{
    int8_t found = INT8_MIN;
    for (int32_t left = elements / 16; left > 0; left--) {
        found = vmaxvq_s8(found, mcugen_mve_searched(input, smallest, 0, 0));
        input += 16;
    }
    if (elements % 16 != 0) {
        const mve_pred16_t tail = vctp8q((uint32_t)(elements % 16));
        found = vmaxvq_p_s8(found, mcugen_mve_searched(input, smallest, tail, 1), tail);
    }
    return smallest ? (int8_t)~found : found;
}

/* The first place of `value`, which the row has. */
MCUGEN_KERNEL int32_t mcugen_mve_place_in_row(const int8_t *input, int32_t elements, int8_t value, int smallest)
{
    int32_t place = 0;
    const int8_t wanted = smallest ? (int8_t)~value : value;
    while (place + 16 < elements &&
           vmaxvq_s8(INT8_MIN, mcugen_mve_searched(input + place, smallest, 0, 0)) != wanted) {
        place += 16;
    }
    /* None before is so large: also where all of a vector is the least that there is. */
    while (input[place] != value) {
        place++;
    }
    return place;
}

MCUGEN_KERNEL void mcugen_mve_reduce_s8(const struct mcugen_reduce_params *params, const int8_t *input, int8_t *output)
{
    const int32_t kept = params->shape[2], rest = kept % 16;
    for (int32_t left = params->shape[0]; left > 0; left--) {
        if (kept == 1) {
            *output++ = mcugen_mve_extreme_of_row(input, params->shape[1], params->operation == 1);
        } else {
            int32_t c = 0;
            for (; c + 16 <= kept; c += 16) {
                mcugen_mve_extreme_lanes(params, input + c, output, 0, 0);
                output += 16;
            }
            if (rest != 0) {
                mcugen_mve_extreme_lanes(params, input + c, output, vctp8q((uint32_t)rest), 1);
                output += rest;
            }
        }
        input += params->shape[1] * kept;
    }
}

/* The places of up to eight results beside each other; fewer than 2**15 elements each. */
MCUGEN_KERNEL void mcugen_mve_place_lanes(const struct mcugen_reduce_params *params, const int8_t *input,
                                          int8_t *output, int32_t lanes)
{
    const mve_pred16_t active = vctp16q((uint32_t)lanes);
    const int smallest = params->operation == 4;
    int16x8_t found = vldrbq_z_s16(input, active), places = vdupq_n_s16(0);
    for (int32_t i = 1; i < params->shape[1]; i++) {
        input += params->shape[2];
        const int16x8_t x = vldrbq_z_s16(input, active);
        const int16x8_t better = vshrq_n_s16(smallest ? vsubq_s16(x, found) : vsubq_s16(found, x), 15);
        places = vorrq_s16(vbicq_s16(places, better), vandq_s16(vdupq_n_s16((int16_t)i), better));
        found = smallest ? vminq_s16(found, x) : vmaxq_s16(found, x);
    }
    int16_t each[8];
    vstrhq_s16(each, places);
    for (int32_t i = 0; i < lanes; i++) {
        mcugen_store_integer(output, each[i], params->output_bytes);
        output += params->output_bytes;
    }
}

MCUGEN_KERNEL void mcugen_mve_places_s8(const struct mcugen_reduce_params *params, const int8_t *input, int8_t *output)
{
    const int32_t kept = params->shape[2], elements = params->shape[1];
    const int smallest = params->operation == 4;
    for (int32_t left = params->shape[0]; left > 0; left--) {
        if (kept == 1) {
            const int8_t value = mcugen_mve_extreme_of_row(input, elements, smallest);
            mcugen_store_integer(output, mcugen_mve_place_in_row(input, elements, value, smallest),
                                 params->output_bytes);
            output += params->output_bytes;
        } else {
            for (int32_t c = 0; c < kept; c += 8) {
                const int32_t lanes = kept - c < 8 ? kept - c : 8;
                mcugen_mve_place_lanes(params, input + c, output, lanes);
                output += lanes * params->output_bytes;
            }
        }
        input += elements * kept;
    }
}
