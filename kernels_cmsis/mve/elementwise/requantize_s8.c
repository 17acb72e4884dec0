/* Changes scale and zero point, in lanes; output may be the input. */
#include "mve/elementwise/lanes.h"
#include "portable/elementwise/params.h"

MCUGEN_KERNEL void mcugen_mve_requantize_s8(const struct mcugen_requantize_params *params, const int8_t *input,
                                            int8_t *output)
{
    const struct mcugen_mve_output out = {params->output_zero_point, params->clamp_min, params->clamp_max,
                                          params->shift > -1};
    for (int32_t left = params->elements / 4; left > 0; left--) {
        const int32x4_t x = vaddq_n_s32(vldrbq_s32(input), -params->input_zero_point);
        vstrbq_s32(output, mcugen_mve_requantize_n(x, params->multiplier, params->shift, &out));
        input += 4;
        output += 4;
    }
    const int32_t rest = params->elements % 4;
    if (rest != 0) {
        const int32x4_t x = vaddq_n_s32(mcugen_mve_elements(input, 1, rest, 1), -params->input_zero_point);
        mcugen_mve_results(output, mcugen_mve_requantize_n(x, params->multiplier, params->shift, &out), rest, 1);
    }
}
