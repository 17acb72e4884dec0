/* Mean or sum of int16 over axes. The output may start where the input starts. */
#include "mcugen_requantize.h"
#include "portable/reduction/mean.h"
#include "portable/reduction/reduce.h"

MCUGEN_KERNEL void mcugen_mean_s16(const struct mcugen_mean_params *params, const int16_t *input, int16_t *output)
{
    MCUGEN_EACH_RESULT(params->shape, {
        int32_t sum = 0;
        MCUGEN_EACH_ELEMENT(params->shape, sum += input[first + offset])
        const int32_t value = mcugen_requantize(sum, params->multiplier, params->shift);
        *output++ = (int16_t)mcugen_to_integer(value, 0, INT16_MIN, INT16_MAX);
    })
}
