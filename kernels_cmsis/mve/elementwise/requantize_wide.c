/* Changes scale and zero point between int8, int16 and int32: mcugen_requantize_wide of the portable library in lanes.
 * Output may be the input where its elements are not larger. Lanes are loaded and stored aligned to their elements; bytes that
 * are not go through the portable kernel. */
#include "mve/elementwise/lanes.h"
#include "portable/elementwise/requantize_wide.h"

/* Up to four elements of 1, 2 or 4 bytes. */
MCUGEN_KERNEL int32x4_t mcugen_mve_load_wide(const int8_t *input, int32_t bytes, mve_pred16_t active, int partly)
{
    const int16_t *const halves = (const int16_t *)(const void *)input;
    const int32_t *const words = (const int32_t *)(const void *)input;
    switch (bytes) {
    case 4: return partly ? vldrwq_z_s32(words, active) : vldrwq_s32(words);
    case 2: return partly ? vldrhq_z_s32(halves, active) : vldrhq_s32(halves);
    default: return partly ? vldrbq_z_s32(input, active) : vldrbq_s32(input);
    }
}

MCUGEN_KERNEL void mcugen_mve_store_wide(int8_t *output, int32x4_t values, int32_t bytes, mve_pred16_t active)
{
    switch (bytes) {
    case 4: vstrwq_p_s32((int32_t *)(void *)output, values, active); break;
    case 2: vstrhq_p_s32((int16_t *)(void *)output, values, active); break;
    default: vstrbq_p_s32(output, values, active); break;
    }
}

MCUGEN_KERNEL void mcugen_mve_store_wide_4(int8_t *output, int32x4_t values, int32_t bytes)
{
    switch (bytes) {
    case 4: vstrwq_s32((int32_t *)(void *)output, values); break;
    case 2: vstrhq_s32((int16_t *)(void *)output, values); break;
    default: vstrbq_s32(output, values); break;
    }
}

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
