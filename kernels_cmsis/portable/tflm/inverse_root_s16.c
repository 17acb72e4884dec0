/* One over the square root; the arithmetic is that of mcugen/graph/ops/tflm/inverse_root.py. Output may be the input. */
#include "portable/tflm/fixed_point.h"

/* multiplier, shift: behind an inverse root with 20 fractional bits. */
struct mcugen_inverse_root_params {
    int32_t elements;
    int32_t multiplier, shift;
};

MCUGEN_KERNEL void mcugen_inverse_root_s16(const struct mcugen_inverse_root_params *params, const int16_t *input,
                                           int16_t *output)
{
    for (int32_t i = 0; i < params->elements; i++) {
        int32_t value = INT16_MAX;
        if (input[i] > 0) {
            int32_t shift;
            const int32_t multiplier = mcugen_inverse_square_root(input[i], &shift);
            const int32_t root = mcugen_requantize(1, multiplier, shift + 20);
            value = mcugen_requantize(root, params->multiplier, params->shift);
        }
        output[i] = (int16_t)(value > INT16_MAX ? INT16_MAX : value);
    }
}
