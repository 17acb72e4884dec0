/* Any function of one int16, by interpolation; output may be the input. */
#include "portable/elementwise/params.h"
#include "portable/interpolation.h"

MCUGEN_KERNEL void mcugen_interpolate_s16(const struct mcugen_lookup_params *params, const int16_t *input,
                                          const int16_t *entries, int16_t *output)
{
    const struct mcugen_lines lines = mcugen_lines(entries);
    MCUGEN_UNROLL(4)
    for (int32_t i = 0; i < params->elements; i++) {
        output[i] = (int16_t)mcugen_interpolate(input[i], &lines);
    }
}
