/* Quotient of two tensors by a reciprocal of 31 bits; the arithmetic is that of mcugen/graph/ops/tflm/div.py. */
#include "portable/elementwise/broadcast.h"
#include "portable/tflm/fixed_point.h"

/* swapped: input1 is the numerator. */
struct mcugen_tflm_div_params {
    int32_t shape[6], step0[6], step1[6];
    int32_t numerator_zero_point, output_zero_point;
    int32_t multiplier, shift;
    int32_t swapped;
};

/* Without the zero point. inverse: the divisor's reciprocal in Q0.31 with its sign, 0 for a divisor of 0. */
MCUGEN_KERNEL int32_t mcugen_tflm_quotient(int32_t numerator, int32_t inverse, int32_t multiplier, int32_t shift)
{
    if (inverse == 0) {
        return numerator > 0 ? 256 : numerator < 0 ? -256 : 0;
    }
    if (numerator == 0) {
        return shift < 0 ? 1 : 0;
    }
    numerator = inverse < 0 ? -numerator : numerator;
    const int32_t headroom = 31 - mcugen_bit_length((uint32_t)(numerator < 0 ? ~numerator : numerator));
    const int32_t normal = (int32_t)((uint32_t)numerator << headroom);
    const int32_t quotient = mcugen_doubling_high_multiply(normal, inverse < 0 ? -inverse : inverse);
    const int32_t total = shift - headroom;
    return mcugen_requantize(quotient, multiplier, total < -31 ? -31 : total > 30 ? 30 : total);
}

/* inverses, bits: reciprocals of the divisors, by their unsigned value, and how far they are shifted to the right. */
MCUGEN_KERNEL int8_t *mcugen_tflm_div_row(const struct mcugen_tflm_div_params *params, const int8_t *input0,
                                          const int8_t *input1, const int32_t *inverses, const int32_t *bits,
                                          int8_t *output)
{
    for (int32_t i = 0; i < params->shape[5]; i++) {
        const int32_t numerator = (params->swapped ? *input1 : *input0) - params->numerator_zero_point;
        const uint8_t divisor = (uint8_t)(params->swapped ? *input0 : *input1);
        const int32_t value =
            mcugen_tflm_quotient(numerator, inverses[divisor], params->multiplier, params->shift - bits[divisor]);
        *output++ = mcugen_to_int8(value, params->output_zero_point, INT8_MIN, INT8_MAX);
        input0 += params->step0[5];
        input1 += params->step1[5];
    }
    return output;
}

MCUGEN_KERNEL void mcugen_tflm_div_s8(const struct mcugen_tflm_div_params *params, const int8_t *input0,
                                      const int8_t *input1, const int32_t *inverses, const int32_t *bits,
                                      int8_t *output)
{
    MCUGEN_EACH_ROW(params, input0, input1, output = mcugen_tflm_div_row(params, row0, row1, inverses, bits, output))
}
