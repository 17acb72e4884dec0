/* As quantize.c, of values that have an offset and a factor for each channel: (value - offset) / factor, in double precision. */
#include "portable/elementwise/nearest.h"

struct mcugen_quantize_channels_params {
    int32_t images, channels, pixels, output_bytes;
    int32_t reciprocal; /* of the scale: bits of a float */
    int32_t zero_point, lowest, highest;
};

/* `factors`, `offsets`: floats, one a channel. */
MCUGEN_KERNEL void mcugen_quantize_channels(const struct mcugen_quantize_channels_params *params, const int8_t *input,
                                            const int8_t *factors, const int8_t *offsets, int8_t *output)
{
    const float reciprocal = mcugen_float_of(params->reciprocal);
    for (int32_t image = 0; image < params->images; image++) {
        for (int32_t channel = 0; channel < params->channels; channel++) {
            const double factor = (double)mcugen_load_float(factors + channel * (int32_t)sizeof(float));
            const double offset = (double)mcugen_load_float(offsets + channel * (int32_t)sizeof(float));
            for (int32_t pixel = 0; pixel < params->pixels; pixel++) {
                const float real = (float)(((double)mcugen_load_float(input) - offset) / factor);
                mcugen_store_nearest(output, real * reciprocal, params->zero_point, params->lowest, params->highest,
                                     params->output_bytes);
                input += sizeof(float);
                output += params->output_bytes;
            }
        }
    }
}
