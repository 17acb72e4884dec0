/* Sums of plain integers up to each one along an axis; they wrap. */
#include "portable/integers.h"

/* outer, length, inner: elements before, along and behind the axis. */
struct mcugen_cumulative_integer_params {
    int32_t outer, length, inner;
    int32_t element_bytes, output_bytes;
};

MCUGEN_KERNEL void mcugen_cumulative_integer(const struct mcugen_cumulative_integer_params *params, const int8_t *input,
                                             int8_t *output)
{
    for (int32_t i = 0; i < params->outer; i++) {
        for (int32_t j = 0; j < params->inner; j++) {
            uint64_t sum = 0;
            int32_t at = i * params->length * params->inner + j;
            for (int32_t k = 0; k < params->length; k++) {
                sum += (uint64_t)mcugen_load_integer(input + at * params->element_bytes, params->element_bytes);
                mcugen_store_integer(output + at * params->output_bytes, (int64_t)sum, params->output_bytes);
                at += params->inner;
            }
        }
    }
}
