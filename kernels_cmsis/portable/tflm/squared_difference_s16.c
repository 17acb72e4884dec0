/* Square of the difference of two tensors of int16; the arithmetic is that of mcugen/graph/ops/tflm/squared_difference.py. */
#include "mcugen_requantize.h"
#include "portable/elementwise/broadcast.h"

struct mcugen_squared_difference_s16_params {
    int32_t shape[6], step0[6], step1[6];
    int32_t multiplier0, shift0, multiplier1, shift1;
    int32_t multiplier, shift;
};

MCUGEN_KERNEL int16_t *mcugen_squared_difference_row_s16(const struct mcugen_squared_difference_s16_params *params,
                                                         const int16_t *input0, const int16_t *input1, int16_t *output)
{
    for (int32_t i = 0; i < params->shape[5]; i++) {
        const int32_t difference = mcugen_requantize(*input0, params->multiplier0, params->shift0) -
                                   mcugen_requantize(*input1, params->multiplier1, params->shift1);
        const int32_t value = mcugen_requantize(difference * difference, params->multiplier, params->shift);
        *output++ = (int16_t)(value > INT16_MAX ? INT16_MAX : value);
        input0 += params->step0[5];
        input1 += params->step1[5];
    }
    return output;
}

MCUGEN_KERNEL void mcugen_squared_difference_s16(const struct mcugen_squared_difference_s16_params *params,
                                                 const int16_t *input0, const int16_t *input1, int16_t *output)
{
    MCUGEN_EACH_ROW(params, input0, input1, output = mcugen_squared_difference_row_s16(params, row0, row1, output))
}
