/* Square of the difference of two tensors; the arithmetic is that of mcugen/graph/ops/tflm/squared_difference.py. */
#include "mcugen_requantize.h"
#include "portable/elementwise/broadcast.h"

struct mcugen_squared_difference_params {
    int32_t shape[6], step0[6], step1[6];
    int32_t multiplier, shift, output_zero_point;
};

/* scaled0, scaled1: the integers of each input, by their unsigned value, on one scale. */
MCUGEN_KERNEL int8_t *mcugen_squared_difference_row(const struct mcugen_squared_difference_params *params,
                                                    const int8_t *input0, const int8_t *input1, const int32_t *scaled0,
                                                    const int32_t *scaled1, int8_t *output)
{
    for (int32_t i = 0; i < params->shape[5]; i++) {
        const int32_t difference = scaled0[(uint8_t)*input0] - scaled1[(uint8_t)*input1];
        const int32_t value = mcugen_requantize(difference * difference, params->multiplier, params->shift);
        *output++ = mcugen_to_int8(value, params->output_zero_point, INT8_MIN, INT8_MAX);
        input0 += params->step0[5];
        input1 += params->step1[5];
    }
    return output;
}

MCUGEN_KERNEL void mcugen_squared_difference_s8(const struct mcugen_squared_difference_params *params,
                                                const int8_t *input0, const int8_t *input1, const int32_t *scaled0,
                                                const int32_t *scaled1, int8_t *output)
{
    MCUGEN_EACH_ROW(params, input0, input1,
                    output = mcugen_squared_difference_row(params, row0, row1, scaled0, scaled1, output))
}
