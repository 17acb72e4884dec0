/* Mean over axes. Neighbouring axes that are all reduced or all kept are merged: shape is kept, reduced, kept, ... kept,
 * with three reduced ones. Elements of later outputs lie above those of earlier ones, so the output may start where the input starts. */
#include "mcugen_requantize.h"
#include "portable/reduction/mean.h"

/* Sum of (x - zero point) over the reduced axes. */
MCUGEN_KERNEL int32_t mcugen_reduced_sum(const struct mcugen_mean_params *params, const int8_t *input)
{
    const int32_t *const shape = params->shape;
    const int32_t inner_bytes = shape[6], middle_bytes = shape[4] * shape[5] * inner_bytes;
    const int32_t outer_bytes = shape[2] * shape[3] * middle_bytes;
    int32_t sum = -params->input_zero_point * shape[1] * shape[3] * shape[5];
    for (int32_t i = 0; i < shape[1]; i++) {
        for (int32_t j = 0; j < shape[3]; j++) {
            const int8_t *x = input + i * outer_bytes + j * middle_bytes;
            for (int32_t k = 0; k < shape[5]; k++) {
                sum += *x;
                x += inner_bytes;
            }
        }
    }
    return sum;
}

/* The outputs of one index of the outer two kept axes. */
MCUGEN_KERNEL int8_t *mcugen_mean_block(const struct mcugen_mean_params *params, const int8_t *input, int8_t *output)
{
    const int32_t *const shape = params->shape;
    for (int32_t i = 0; i < shape[4]; i++) {
        const int8_t *x = input + i * shape[5] * shape[6];
        for (int32_t j = 0; j < shape[6]; j++) {
            const int32_t value = mcugen_requantize(mcugen_reduced_sum(params, x + j), params->multiplier,
                                                    params->shift);
            *output++ = mcugen_to_int8(value, params->output_zero_point, INT8_MIN, INT8_MAX);
        }
    }
    return output;
}

MCUGEN_KERNEL void mcugen_mean_s8(const struct mcugen_mean_params *params, const int8_t *input, int8_t *output)
{
    const int32_t *const shape = params->shape;
    const int32_t block = shape[3] * shape[4] * shape[5] * shape[6];
    for (int32_t i = 0; i < shape[0]; i++) {
        for (int32_t j = 0; j < shape[2]; j++) {
            output = mcugen_mean_block(params, input + (i * shape[1] * shape[2] + j) * block, output);
        }
    }
}
