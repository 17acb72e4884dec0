/* Softmax over rows of int16; the output may be the input. */
#include "softmax_s16.h"

MCUGEN_KERNEL void mcugen_softmax_s16(const struct mcugen_softmax_s16_params *params, const int16_t *input,
                                      const int16_t *exponentials, const int16_t *reciprocals, int16_t *output)
{
    const struct mcugen_softmax_row_s16 each = {params->row_elements, params->multiplier, params->shift, 0, 0, 0};
    for (int32_t row = 0; row < params->rows; row++) {
        mcugen_softmax_row_s16(&each, input, NULL, exponentials, reciprocals, output);
        input += params->row_elements;
        output += params->row_elements;
    }
}
