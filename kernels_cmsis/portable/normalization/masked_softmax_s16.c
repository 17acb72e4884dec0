/* Softmax of int16 over the elements that a mask lets take part; a row without any is zero. The output may be the input. */
#include "softmax_s16.h"

/* Axes of the input, padded at the front, and the mask's elements from one to the next along each (0: repeated). */
struct mcugen_masked_softmax_s16_params {
    int32_t shape[6], mask_step[6];
    int32_t multiplier, shift, included;
};

/* Two axes: rows and their elements. */
MCUGEN_KERNEL void mcugen_masked_softmax_rows_s16(const struct mcugen_masked_softmax_s16_params *params,
                                                  const int16_t *input, const uint8_t *mask,
                                                  const int16_t *exponentials, const int16_t *reciprocals,
                                                  int16_t *output)
{
    const int32_t elements = params->shape[5];
    const struct mcugen_softmax_row_s16 row = {elements, params->multiplier, params->shift,
                                               1,        params->included,   params->mask_step[5]};
    for (int32_t i = 0; i < params->shape[4]; i++) {
        mcugen_softmax_row_s16(&row, input + i * elements, mask + i * params->mask_step[4], exponentials, reciprocals,
                               output + i * elements);
    }
}

MCUGEN_KERNEL void mcugen_masked_softmax_s16(const struct mcugen_masked_softmax_s16_params *params,
                                             const int16_t *input, const uint8_t *mask, const int16_t *exponentials,
                                             const int16_t *reciprocals, int16_t *output)
{
    const int32_t *const shape = params->shape, *const step = params->mask_step;
    const int32_t block = shape[4] * shape[5];
    for (int32_t i = 0; i < shape[0] * shape[1]; i++) {
        for (int32_t j = 0; j < shape[2]; j++) {
            for (int32_t k = 0; k < shape[3]; k++) {
                const uint8_t *const start =
                    mask + i / shape[1] * step[0] + i % shape[1] * step[1] + j * step[2] + k * step[3];
                mcugen_masked_softmax_rows_s16(params, input, start, exponentials, reciprocals, output);
                input += block;
                output += block;
            }
        }
    }
}
