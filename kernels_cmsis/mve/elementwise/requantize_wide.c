/* Changes scale and zero point between int8, int16 and int32: mcugen_requantize_wide of the portable library in lanes.
 * Output may be the input where its elements are not larger. Lanes are loaded and stored aligned to their elements; bytes that
 * are not go through the portable kernel. */
#include "mve/elementwise/lanes.h"
#include "portable/elementwise/requantize_wide.h"

MCUGEN_KERNEL void mcugen_mve_requantize_wide(const struct mcugen_requantize_wide_params *params, const int8_t *input,
                                              int8_t *output)
{
    const struct mcugen_mve_output out = {params->output_zero_point, params->clamp_min, params->clamp_max,
                                          params->shift > -1};
    const int32_t rest = params->elements % 4;
    if (((uintptr_t)input & (uintptr_t)(params->input_bytes - 1)) != 0u ||
        ((uintptr_t)output & (uintptr_t)(params->output_bytes - 1)) != 0u) {
        mcugen_requantize_wide(params, input, output);
        return;
    }
    for (int32_t left = params->elements / 4; left > 0; left--) {
        const int32x4_t x = vaddq_n_s32(mcugen_mve_load_wide(input, params->input_bytes, 0, 0),
                                        -params->input_zero_point);
        mcugen_mve_store_wide_4(output, mcugen_mve_requantize_n(x, params->multiplier, params->shift, &out),
                                params->output_bytes);
        input += 4 * params->input_bytes;
        output += 4 * params->output_bytes;
    }
    if (rest != 0) {
        const mve_pred16_t active = vctp32q((uint32_t)rest);
        const int32x4_t x = vaddq_n_s32(mcugen_mve_load_wide(input, params->input_bytes, active, 1),
                                        -params->input_zero_point);
        mcugen_mve_store_wide(output, mcugen_mve_requantize_n(x, params->multiplier, params->shift, &out),
                              params->output_bytes, active);
    }
}
