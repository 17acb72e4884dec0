/* Limits every element of int16; output may be the input. */
#include "mve/vectors.h"
#include "portable/elementwise/params.h"

MCUGEN_KERNEL void mcugen_mve_clamp_s16(const struct mcugen_clamp_params *params, const int16_t *input,
                                        int16_t *output)
{
    const int16x8_t least = vdupq_n_s16((int16_t)params->clamp_min), most = vdupq_n_s16((int16_t)params->clamp_max);
    for (int32_t left = params->elements / 8; left > 0; left--) {
        vstrhq_s16(output, vminq_s16(vmaxq_s16(vldrhq_s16(input), least), most));
        input += 8;
        output += 8;
    }
    if (params->elements % 8 != 0) {
        const mve_pred16_t tail = vctp16q((uint32_t)(params->elements % 8));
        vstrhq_p_s16(output, vminq_s16(vmaxq_s16(vldrhq_z_s16(input, tail), least), most), tail);
    }
}
