/* int8, uint8 or int16 to float32. */
#include "portable/elementwise/nearest.h"

struct mcugen_dequantize_params {
    int32_t elements, input_bytes, input_mask;
    int32_t scale; /* bits of a float */
    int32_t zero_point;
};

/* `input_mask`: 255 for bytes without a sign, else -1. */
MCUGEN_KERNEL void mcugen_dequantize(const struct mcugen_dequantize_params *params, const int8_t *input, int8_t *output)
{
    const float scale = mcugen_float_of(params->scale);
    for (int32_t i = 0; i < params->elements; i++) {
        const int32_t x = (int32_t)mcugen_load_integer(input, params->input_bytes) & params->input_mask;
        const float real = (float)(x - params->zero_point) * scale;
        memcpy(output, &real, sizeof real);
        input += params->input_bytes;
        output += sizeof real;
    }
}
