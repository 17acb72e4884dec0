/* Sums up to each element along an axis, with 19 fractional bits; the arithmetic is that of
 * mcugen/graph/ops/tflm/cumulative_sum.py. */
#include "mcugen_requantize.h"
#include "portable/reduction/params.h"

MCUGEN_KERNEL void mcugen_tflm_cumulative_sum_s8(const struct mcugen_cumulative_params *params, const int8_t *input,
                                                 int8_t *output)
{
    for (int32_t i = 0; i < params->outer; i++) {
        for (int32_t j = 0; j < params->inner; j++) {
            int32_t sum = -params->input_zero_point, at = i * params->length * params->inner + j;
            for (int32_t k = 0; k < params->length; k++) {
                sum += input[at] - params->input_zero_point;
                const int32_t shifted = mcugen_saturating_shift_left(sum, 19);
                const int32_t value = mcugen_requantize(shifted, params->multiplier, params->shift);
                output[at] = mcugen_to_int8(value, params->output_zero_point, INT8_MIN, INT8_MAX);
                at += params->inner;
            }
        }
    }
}
