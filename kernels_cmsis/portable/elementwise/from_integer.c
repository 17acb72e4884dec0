/* Plain integers and booleans as int8 with a scale. */
#include "mcugen_requantize.h"

struct mcugen_from_integer_params {
    int32_t elements, element_bytes;
    int32_t multiplier, shift, output_zero_point;
};

/* Integers beyond 32 bits saturate: their results do, too. */
MCUGEN_KERNEL int32_t mcugen_load_saturated(const int8_t *source, int32_t bytes)
{
    int64_t wide;
    int32_t word;
    int16_t half;
    switch (bytes) {
    case 8:
        memcpy(&wide, source, sizeof wide);
        return wide > INT32_MAX ? INT32_MAX : wide < INT32_MIN ? INT32_MIN : (int32_t)wide;
    case 4:
        memcpy(&word, source, sizeof word);
        return word;
    case 2:
        memcpy(&half, source, sizeof half);
        return half;
    default:
        return *source;
    }
}

MCUGEN_KERNEL void mcugen_from_integer(const struct mcugen_from_integer_params *params, const int8_t *input,
                                       int8_t *output)
{
    for (int32_t i = 0; i < params->elements; i++) {
        const int32_t x = mcugen_load_saturated(input, params->element_bytes);
        const int32_t value = mcugen_requantize(x, params->multiplier, params->shift);
        *output++ = mcugen_to_int8(value, params->output_zero_point, INT8_MIN, INT8_MAX);
        input += params->element_bytes;
    }
}
