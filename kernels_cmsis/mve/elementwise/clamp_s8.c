/* Limits every element; output may be the input. */
#include "mve/vectors.h"
#include "portable/elementwise/params.h"

MCUGEN_KERNEL void mcugen_mve_clamp_s8(const struct mcugen_clamp_params *params, const int8_t *input, int8_t *output)
{
    const int8x16_t least = vdupq_n_s8((int8_t)params->clamp_min), most = vdupq_n_s8((int8_t)params->clamp_max);
    for (int32_t left = params->elements / 16; left > 0; left--) {
        vstrbq_s8(output, vminq_s8(vmaxq_s8(vldrbq_s8(input), least), most));
        input += 16;
        output += 16;
    }
    if (params->elements % 16 != 0) {
        const mve_pred16_t tail = vctp8q((uint32_t)(params->elements % 16));
        vstrbq_p_s8(output, vminq_s8(vmaxq_s8(vldrbq_z_s8(input, tail), least), most), tail);
    }
}
