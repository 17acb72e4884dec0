/* Product of int16, two elements in a word: the bits of portable/elementwise/mul_s16.c, in the fast form of requantization
 * (dsp/requantize.h), which the packer has proven exact for every product. */
#include "dsp/elementwise/halves.h"
#include "portable/elementwise/broadcast.h"
#include "portable/elementwise/params.h"

MCUGEN_KERNEL int32_t mcugen_dsp_scaled_product(const struct mcugen_mul_params *params, int32_t product,
                                                int32_t rounding)
{
    /* Results below 0 are cut off by a clamp from 0 on, and their ties with them. */
    const int32_t tie = params->clamp_min < 0 ? product >> 31 : 0;
    const int32_t multiplier = (int32_t)((uint32_t)params->multiplier << 1);
    const int32_t value = mcugen_smmlar(product, multiplier, product + rounding + tie);
    return mcugen_ssat16_of_shifted(value, -params->shift);
}

MCUGEN_KERNEL uint32_t mcugen_dsp_mul_pair_s16(const struct mcugen_mul_params *params, int32_t rounding,
                                               uint32_t pair0, uint32_t pair1)
{
    const int32_t low = mcugen_dsp_scaled_product(params, mcugen_low(pair0) * mcugen_low(pair1), rounding);
    const int32_t high = mcugen_dsp_scaled_product(params, mcugen_high(pair0) * mcugen_high(pair1), rounding);
    const uint32_t products = mcugen_pack_low_low((uint32_t)low, (uint32_t)high);
    return mcugen_clamp_halves(products, params->clamp_min, params->clamp_max);
}

/* The innermost axis; returns the end of its outputs. */
MCUGEN_KERNEL int16_t *mcugen_dsp_mul_row_s16(const struct mcugen_mul_params *params, const int16_t *input0,
                                              const int16_t *input1, int16_t *output)
{
    const int32_t rounding = mcugen_in_register(1 << (-params->shift - 1));
    MCUGEN_DSP_ROW_OF_HALVES(params, input0, input1, output, mcugen_dsp_mul_pair_s16(params, rounding, pair0, pair1))
    return output;
}

MCUGEN_KERNEL void mcugen_dsp_mul_s16(const struct mcugen_mul_params *params, const int16_t *input0,
                                      const int16_t *input1, int16_t *output)
{
    MCUGEN_EACH_ROW(params, input0, input1, output = mcugen_dsp_mul_row_s16(params, row0, row1, output))
}
