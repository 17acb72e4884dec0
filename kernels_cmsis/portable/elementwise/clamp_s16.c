/* Limits every element of int16; output may be the input. */
#include "portable/elementwise/params.h"

MCUGEN_KERNEL void mcugen_clamp_s16(const struct mcugen_clamp_params *params, const int16_t *input, int16_t *output)
{
    for (int32_t i = 0; i < params->elements; i++) {
        int32_t value = input[i];
        value = value < params->clamp_min ? params->clamp_min : value;
        output[i] = (int16_t)(value > params->clamp_max ? params->clamp_max : value);
    }
}
