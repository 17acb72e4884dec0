/* float32 to int8, uint8 or int16, rounded to the nearest, ties to even; NaN gives the zero point. */
#include "portable/elementwise/nearest.h"

struct mcugen_quantize_params {
    int32_t elements, output_bytes;
    int32_t reciprocal; /* of the scale: bits of a float */
    int32_t zero_point, lowest, highest;
};

MCUGEN_KERNEL void mcugen_quantize(const struct mcugen_quantize_params *params, const int8_t *input, int8_t *output)
{
    const float reciprocal = mcugen_float_of(params->reciprocal);
    for (int32_t i = 0; i < params->elements; i++) {
        mcugen_store_nearest(output, mcugen_load_float(input) * reciprocal, params->zero_point, params->lowest,
                             params->highest, params->output_bytes);
        input += sizeof(float);
        output += params->output_bytes;
    }
}
