/* Mean or sum of int16 over neighbouring axes behind which others are kept: four of their elements, in two words, at a time.
 * Elements of later outputs lie above those of earlier ones. */
#include "dsp/intrinsics.h"
#include "mcugen_requantize.h"
#include "portable/reduction/mean.h"

MCUGEN_KERNEL int16_t mcugen_dsp_mean_of(const struct mcugen_mean_params *params, int32_t sum)
{
    const int32_t value = mcugen_requantize(sum, params->multiplier, params->shift);
    return (int16_t)mcugen_to_integer(value, 0, INT16_MIN, INT16_MAX);
}

/* Four outputs beside each other. */
MCUGEN_KERNEL void mcugen_dsp_mean_four_s16(const struct mcugen_mean_params *params, const int8_t *input,
                                            int16_t *output)
{
    int32_t sums[4] = {0, 0, 0, 0};
#pragma GCC unroll 4
    for (int32_t i = 0; i < params->shape[1]; i++) {
        const uint32_t low = mcugen_load_word(input), high = mcugen_load_word(input + 4);
        sums[0] += mcugen_low(low);
        sums[1] += mcugen_high(low);
        sums[2] += mcugen_low(high);
        sums[3] += mcugen_high(high);
        input += 2 * params->shape[2];
    }
    output[0] = mcugen_dsp_mean_of(params, sums[0]);
    output[1] = mcugen_dsp_mean_of(params, sums[1]);
    output[2] = mcugen_dsp_mean_of(params, sums[2]);
    output[3] = mcugen_dsp_mean_of(params, sums[3]);
}

MCUGEN_KERNEL void mcugen_dsp_mean_s16(const struct mcugen_mean_params *params, const int16_t *input, int16_t *output)
{
    for (int32_t outer = 0; outer < params->shape[0]; outer++) {
        int32_t c = 0;
        for (; c + 4 <= params->shape[2]; c += 4) {
            mcugen_dsp_mean_four_s16(params, (const int8_t *)(input + c), output);
            output += 4;
        }
        for (; c < params->shape[2]; c++) {
            int32_t sum = 0;
            for (int32_t i = 0; i < params->shape[1]; i++) {
                sum += input[i * params->shape[2] + c];
            }
            *output++ = mcugen_dsp_mean_of(params, sum);
        }
        input += params->shape[1] * params->shape[2];
    }
}
