/* Softmax over the elements that a mask lets take part; a row without any is zero. The output may be the input. */
#include "params.h"
#include "softmax_table.h"

/* Two axes: rows and their elements. */
MCUGEN_KERNEL void mcugen_masked_softmax_rows(const struct mcugen_masked_softmax_params *params, const int8_t *input,
                                              const uint8_t *mask, const int32_t *exponentials, int8_t *output)
{
    const int32_t elements = params->shape[5];
    const struct mcugen_softmax_row row = {elements, params->most_below,     params->share_bits,
                                           1,        params->included, params->mask_step[5]};
    for (int32_t i = 0; i < params->shape[4]; i++) {
        mcugen_softmax_table_row(&row, input + i * elements, mask + i * params->mask_step[4], exponentials,
                                 output + i * elements);
    }
}

MCUGEN_KERNEL void mcugen_masked_softmax_s8(const struct mcugen_masked_softmax_params *params, const int8_t *input,
                                            const uint8_t *mask, const int32_t *exponentials, int8_t *output)
{
    const int32_t *const shape = params->shape, *const step = params->mask_step;
    const int32_t block = shape[4] * shape[5];
    for (int32_t i = 0; i < shape[0] * shape[1]; i++) {
        for (int32_t j = 0; j < shape[2]; j++) {
            for (int32_t k = 0; k < shape[3]; k++) {
                const uint8_t *const start =
                    mask + i / shape[1] * step[0] + i % shape[1] * step[1] + j * step[2] + k * step[3];
                mcugen_masked_softmax_rows(params, input, start, exponentials, output);
                input += block;
                output += block;
            }
        }
    }
}
