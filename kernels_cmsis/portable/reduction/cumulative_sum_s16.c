/* Sums of the int16 elements up to each one along an axis; the sums are exact, and each is rounded once. */
#include "mcugen_requantize_s16.h"
#include "portable/reduction/params.h"

MCUGEN_KERNEL void mcugen_cumulative_sum_s16(const struct mcugen_cumulative_params *params, const int16_t *input,
                                             int16_t *output)
{
    for (int32_t i = 0; i < params->outer; i++) {
        for (int32_t j = 0; j < params->inner; j++) {
            int32_t sum = 0, at = i * params->length * params->inner + j;
            for (int32_t k = 0; k < params->length; k++) {
                sum += input[at];
                output[at] = (int16_t)mcugen_saturate16(mcugen_requantize(sum, params->multiplier, params->shift));
                at += params->inner;
            }
        }
    }
}
