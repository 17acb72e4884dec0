/* Any function of one int16, by interpolation, four gathered at a time; output may be the input. */
#include "mve/elementwise/interpolation.h"
#include "portable/elementwise/params.h"

MCUGEN_KERNEL void mcugen_mve_interpolate_s16(const struct mcugen_lookup_params *params, const int16_t *input,
                                              const int16_t *entries, int16_t *output)
{
    for (int32_t left = params->elements / 4; left > 0; left--) {
        vstrhq_s32(output, mcugen_mve_interpolate(vldrhq_s32(input), entries));
        input += 4;
        output += 4;
    }
    if (params->elements % 4 != 0) {
        const mve_pred16_t tail = vctp32q((uint32_t)(params->elements % 4));
        vstrhq_p_s32(output, mcugen_mve_interpolate(vldrhq_z_s32(input, tail), entries), tail);
    }
}
