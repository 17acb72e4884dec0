/* Quotient of two int16 tensors: the numerator times the divisor's reciprocal, which has 30 bits; the arithmetic is that of
 * mcugen/graph/ops/elementwise/div.py. */
#include "mcugen_requantize_s16.h"
#include "portable/elementwise/broadcast.h"
#include "portable/normalization/roots.h"

/* swapped: input1 is the numerator. */
struct mcugen_div_s16_params {
    int32_t shape[6], step0[6], step1[6];
    int32_t multiplier, shift;
    int32_t swapped;
};

MCUGEN_KERNEL int32_t mcugen_quotient(const struct mcugen_div_s16_params *params, int32_t numerator, int32_t divisor)
{
    if (divisor == 0) {
        return numerator * 65536;
    }
    uint32_t q = (uint32_t)(divisor < 0 ? -divisor : divisor);
    int32_t right = 76 - params->shift;
    while (q < UINT32_C(0x40000000)) {
        q <<= 1;
        right--;
    }
    right = right > 62 ? 62 : right;
    const int64_t signed_numerator = divisor < 0 ? -numerator : numerator;
    const int64_t part = (signed_numerator * (int64_t)mcugen_normalize_inverse(q) + 32768) >> 16;
    const int64_t value = (part * params->multiplier + (INT64_C(1) << (right - 1))) >> right;
    return value > INT16_MAX ? INT16_MAX : value < INT16_MIN ? INT16_MIN : (int32_t)value;
}

MCUGEN_KERNEL int16_t *mcugen_div_row_s16(const struct mcugen_div_s16_params *params, const int16_t *input0,
                                          const int16_t *input1, int16_t *output)
{
    for (int32_t i = 0; i < params->shape[5]; i++) {
        const int32_t value = params->swapped ? mcugen_quotient(params, *input1, *input0)
                                              : mcugen_quotient(params, *input0, *input1);
        *output++ = (int16_t)mcugen_saturate16(value);
        input0 += params->step0[5];
        input1 += params->step1[5];
    }
    return output;
}

MCUGEN_KERNEL void mcugen_div_s16(const struct mcugen_div_s16_params *params, const int16_t *input0,
                                  const int16_t *input1, int16_t *output)
{
    MCUGEN_EACH_ROW(params, input0, input1, output = mcugen_div_row_s16(params, row0, row1, output))
}
