/* Changes scale and zero point; output may be the input. */
#include "mcugen_requantize.h"
#include "portable/elementwise/params.h"

MCUGEN_KERNEL void mcugen_requantize_s8(const struct mcugen_requantize_params *params, const int8_t *input,
                                        int8_t *output)
{
    for (int32_t i = 0; i < params->elements; i++) {
        const int32_t value = mcugen_requantize(input[i] - params->input_zero_point, params->multiplier, params->shift);
        output[i] = mcugen_to_int8(value, params->output_zero_point, params->clamp_min, params->clamp_max);
    }
}
