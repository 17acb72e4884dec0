/* A slope for negative and one for other inputs; the arithmetic is that of mcugen/graph/ops/tflm/slopes.py. Output may be the
 * input. */
#include "mcugen_requantize.h"

/* sign: of the result. Index 0 is of negative inputs, which are negated first where `magnitude` is 1. */
struct mcugen_slopes_params {
    int32_t elements, magnitude;
    int32_t sign[2], multiplier[2], shift[2];
    int32_t clamp_min, clamp_max;
};

MCUGEN_KERNEL void mcugen_slopes_s16(const struct mcugen_slopes_params *params, const int16_t *input, int16_t *output)
{
    for (int32_t i = 0; i < params->elements; i++) {
        const int32_t side = input[i] >= 0, given = side == 0 && params->magnitude ? -input[i] : input[i];
        /* INT32_MIN, which a left shift saturates to, is not negated as it is. */
        int32_t value = mcugen_requantize(given, params->multiplier[side], params->shift[side]);
        value = params->sign[side] < 0 ? -(value == INT32_MIN ? -INT32_MAX : value) : value;
        value = value < params->clamp_min ? params->clamp_min : value;
        output[i] = (int16_t)(value > params->clamp_max ? params->clamp_max : value);
    }
}
