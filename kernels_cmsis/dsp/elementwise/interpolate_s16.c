/* Any function of one int16, by interpolation. Output may be the input. */
#include "dsp/interpolation.h"
#include "portable/elementwise/params.h"

MCUGEN_KERNEL void mcugen_dsp_interpolate_s16(const struct mcugen_lookup_params *params, const int16_t *input,
                                              const int16_t *entries, int16_t *output)
{
    const struct mcugen_dsp_lines lines = mcugen_dsp_lines(entries);
    MCUGEN_UNROLL(4)
    for (int32_t i = 0; i < params->elements; i++) {
        output[i] = (int16_t)mcugen_dsp_interpolate(input[i], &lines);
    }
}
