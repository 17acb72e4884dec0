/* Limits every element; output may be the input. */
#include "mcugen_kernels.h"

struct mcugen_clamp_params {
    int32_t elements;
    int32_t clamp_min, clamp_max;
};

MCUGEN_KERNEL void mcugen_clamp_s8(const struct mcugen_clamp_params *params, const int8_t *input, int8_t *output)
{
    for (int32_t i = 0; i < params->elements; i++) {
        int32_t value = input[i];
        value = value < params->clamp_min ? params->clamp_min : value;
        output[i] = (int8_t)(value > params->clamp_max ? params->clamp_max : value);
    }
}
