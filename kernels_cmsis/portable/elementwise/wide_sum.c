/* A sum or difference of int8 and int16 tensors: two exact products, rounded once. */
#include "mcugen_requantize.h"
#include "portable/elementwise/broadcast.h"
#include "portable/integers.h"

/* Sizes and steps of the elements are in bytes. */
struct mcugen_wide_sum_params {
    int32_t shape[6], step0[6], step1[6];
    int32_t bytes0, input0_zero_point, input0_factor;
    int32_t bytes1, input1_zero_point, input1_factor;
    int32_t output_bytes, output_zero_point, shift;
    int32_t clamp_min, clamp_max;
};

/* The innermost axis; returns the end of its outputs. */
MCUGEN_KERNEL int8_t *mcugen_wide_sum_row(const struct mcugen_wide_sum_params *params, const int8_t *input0,
                                          const int8_t *input1, int8_t *output)
{
    const int64_t half = INT64_C(1) << (params->shift - 1);
    for (int32_t i = 0; i < params->shape[5]; i++) {
        const int32_t x0 = (int32_t)mcugen_load_integer(input0, params->bytes0) - params->input0_zero_point;
        const int32_t x1 = (int32_t)mcugen_load_integer(input1, params->bytes1) - params->input1_zero_point;
        const int64_t sum = (int64_t)x0 * params->input0_factor + (int64_t)x1 * params->input1_factor;
        const int32_t value = mcugen_to_integer((sum + half) >> params->shift, params->output_zero_point,
                                                params->clamp_min, params->clamp_max);
        mcugen_store_integer(output, value, params->output_bytes);
        input0 += params->step0[5];
        input1 += params->step1[5];
        output += params->output_bytes;
    }
    return output;
}

MCUGEN_KERNEL void mcugen_wide_sum(const struct mcugen_wide_sum_params *params, const int8_t *input0,
                                   const int8_t *input1, int8_t *output)
{
    MCUGEN_EACH_ROW(params, input0, input1, output = mcugen_wide_sum_row(params, row0, row1, output))
}
