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

/* The same of four neighbouring elements, a word at a time. */
MCUGEN_KERNEL void mcugen_reduced_sums4(const struct mcugen_mean_params *params, const int8_t *input, int32_t sums[4])
{
    const int32_t *const shape = params->shape;
    const int32_t inner_bytes = shape[6], middle_bytes = shape[4] * shape[5] * inner_bytes;
    const int32_t outer_bytes = shape[2] * shape[3] * middle_bytes;
    int32_t sum0 = -params->input_zero_point * shape[1] * shape[3] * shape[5], sum1 = sum0, sum2 = sum0, sum3 = sum0;
    for (int32_t i = 0; i < shape[1]; i++) {
        for (int32_t j = 0; j < shape[3]; j++) {
            const int8_t *x = input + i * outer_bytes + j * middle_bytes;
            for (int32_t k = 0; k < shape[5]; k++) {
                uint32_t word;
                memcpy(&word, x, sizeof word);
                sum0 += (int8_t)(uint8_t)(word & 0xffu);
                sum1 += (int8_t)(uint8_t)(word >> 8 & 0xffu);
                sum2 += (int8_t)(uint8_t)(word >> 16 & 0xffu);
                sum3 += (int8_t)(uint8_t)(word >> 24);
                x += inner_bytes;
            }
        }
    }
    sums[0] = sum0;
    sums[1] = sum1;
    sums[2] = sum2;
    sums[3] = sum3;
}

MCUGEN_KERNEL int8_t mcugen_mean_of(const struct mcugen_mean_params *params, int32_t sum)
{
    const int32_t value = mcugen_requantize(sum, params->multiplier, params->shift);
    return mcugen_to_int8(value, params->output_zero_point, INT8_MIN, INT8_MAX);
}

/* The outputs of one index of the outer two kept axes. */
MCUGEN_KERNEL int8_t *mcugen_mean_block(const struct mcugen_mean_params *params, const int8_t *input, int8_t *output)
{
    const int32_t *const shape = params->shape;
    for (int32_t i = 0; i < shape[4]; i++) {
        const int8_t *x = input + i * shape[5] * shape[6];
        int32_t j = 0;
        /* Small cores load aligned words only. */
        for (; !MCUGEN_SMALL_CORE && j < (shape[6] & ~3); j += 4) {
            int32_t sums[4];
            mcugen_reduced_sums4(params, x + j, sums);
            for (int32_t k = 0; k < 4; k++) {
                *output++ = mcugen_mean_of(params, sums[k]);
            }
        }
        for (; j < shape[6]; j++) {
            *output++ = mcugen_mean_of(params, mcugen_reduced_sum(params, x + j));
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
