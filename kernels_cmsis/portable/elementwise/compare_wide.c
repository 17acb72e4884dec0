/* Comparison of real numbers with different scales, int16 on either side: integers times their scales' mantissas, in 64
 * bits. */
#include "portable/elementwise/broadcast.h"
#include "portable/integers.h"

/* Steps in bytes. weights: of each input, in two words. wanted: which of less (1), equal (2), greater (4) give true. */
struct mcugen_compare_wide_params {
    int32_t shape[6], step0[6], step1[6];
    int32_t bytes0, bytes1;
    int32_t zero_point0, zero_point1;
    int32_t weight0_high, weight0_low, weight1_high, weight1_low;
    int32_t wanted;
};

MCUGEN_KERNEL int64_t mcugen_weighed(const int8_t *input, int32_t bytes, int32_t zero_point, int32_t high, int32_t low)
{
    const int64_t weight = (int64_t)((uint64_t)(uint32_t)high << 32 | (uint32_t)low);
    return (mcugen_load_integer(input, bytes) - zero_point) * weight;
}

MCUGEN_KERNEL int8_t *mcugen_compare_wide_row(const struct mcugen_compare_wide_params *params, const int8_t *input0,
                                              const int8_t *input1, int8_t *output)
{
    for (int32_t i = 0; i < params->shape[5]; i++) {
        const int64_t first = mcugen_weighed(input0, params->bytes0, params->zero_point0, params->weight0_high,
                                             params->weight0_low);
        const int64_t second = mcugen_weighed(input1, params->bytes1, params->zero_point1, params->weight1_high,
                                              params->weight1_low);
        const int32_t found = first < second ? 1 : first > second ? 4 : 2;
        *output++ = (found & params->wanted) != 0;
        input0 += params->step0[5];
        input1 += params->step1[5];
    }
    return output;
}

MCUGEN_KERNEL void mcugen_compare_wide(const struct mcugen_compare_wide_params *params, const int8_t *input0,
                                       const int8_t *input1, int8_t *output)
{
    MCUGEN_EACH_ROW(params, input0, input1, output = mcugen_compare_wide_row(params, row0, row1, output))
}
