/* Changes scale and zero point between int8, int16 and int32; output may be the input where its elements are not larger. */
#ifndef MCUGEN_PORTABLE_REQUANTIZE_WIDE_H
#define MCUGEN_PORTABLE_REQUANTIZE_WIDE_H

#include "mcugen_requantize.h"
#include "portable/elementwise/params.h"
#include "portable/integers.h"

MCUGEN_KERNEL void mcugen_requantize_wide(const struct mcugen_requantize_wide_params *params, const int8_t *input,
                                          int8_t *output)
{
    for (int32_t i = 0; i < params->elements; i++) {
        const int32_t x = (int32_t)mcugen_load_integer(input, params->input_bytes) - params->input_zero_point;
        const int32_t value = mcugen_requantize(x, params->multiplier, params->shift);
        mcugen_store_integer(
            output, mcugen_to_integer(value, params->output_zero_point, params->clamp_min, params->clamp_max),
            params->output_bytes);
        input += params->input_bytes;
        output += params->output_bytes;
    }
}

#endif
