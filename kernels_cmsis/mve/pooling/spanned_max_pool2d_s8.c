/* Maxima over windows of any sizes, and their places: the kernels of the portable library, sixteen channels at a time, four
 * with their places. */
#include "mve/elementwise/bytes.h"
#include "mve/elementwise/lanes.h"
#include "portable/pooling/spans.h"

/* The window of an output position, as it lies in the input. */
MCUGEN_KERNEL struct mcugen_span mcugen_mve_span(const struct mcugen_spanned_pool_params *params, const int8_t *rows,
                                                 const int8_t *columns, int32_t y, int32_t x)
{
    const int32_t top = mcugen_span_border(rows, 2 * y), left = mcugen_span_border(columns, 2 * x);
    const struct mcugen_span span = {(top * params->input_w + left) * params->channels,
                                     mcugen_span_elements(rows, y, params->step_h),
                                     mcugen_span_elements(columns, x, params->step_w)};
    return span;
}

/* Up to sixteen channels. */
MCUGEN_KERNEL void mcugen_mve_span_maximum(const struct mcugen_spanned_pool_params *params, const int8_t *input,
                                           struct mcugen_span span, int8_t *output, mve_pred16_t active, int partly)
{
    int8x16_t most = vdupq_n_s8(INT8_MIN);
    for (; span.rows > 0; span.rows--) {
        const int8_t *x = input;
        for (int32_t left = span.columns; left > 0; left--) {
            most = vmaxq_s8(most, mcugen_mve_bytes(x, 1, active, partly));
            x += params->step_w * params->channels;
        }
        input += params->step_h * params->input_w * params->channels;
    }
    mcugen_mve_store_bytes(output, most, active, partly);
}

MCUGEN_KERNEL void mcugen_mve_spanned_max_pool2d_s8(const struct mcugen_spanned_pool_params *params,
                                                    const int8_t *input, const int8_t *rows, const int8_t *columns,
                                                    int8_t *output)
{
    const int32_t rest = params->channels % 16;
    for (int32_t y = 0; y < params->output_h; y++) {
        for (int32_t x = 0; x < params->output_w; x++) {
            const struct mcugen_span span = mcugen_mve_span(params, rows, columns, y, x);
            const int8_t *window = input + span.first;
            for (int32_t blocks = params->channels / 16; blocks > 0; blocks--) {
                mcugen_mve_span_maximum(params, window, span, output, 0, 0);
                window += 16;
                output += 16;
            }
            if (rest != 0) {
                mcugen_mve_span_maximum(params, window, span, output, vctp8q((uint32_t)rest), 1);
                output += rest;
            }
        }
    }
}

/* The places of the first largest elements of up to four channels, from the window's first. */
MCUGEN_KERNEL int32x4_t mcugen_mve_span_places(const struct mcugen_spanned_pool_params *params, const int8_t *input,
                                               struct mcugen_span span, int32_t lanes, int partly)
{
    int32x4_t most = vdupq_n_s32(INT8_MIN), places = vdupq_n_s32(0);
    for (int32_t row = 0; row < span.rows; row++) {
        const int8_t *x = input + row * params->step_h * params->input_w * params->channels;
        int32_t place = row * params->step_h * params->row_elements;
        for (int32_t left = span.columns; left > 0; left--) {
            const int32x4_t here = mcugen_mve_elements(x, 1, lanes, partly);
            const int32x4_t larger = vshrq_n_s32(vsubq_s32(most, here), 31);
            places = vorrq_s32(vbicq_s32(places, larger), vandq_s32(vdupq_n_s32(place), larger));
            most = vmaxq_s32(most, here);
            x += params->step_w * params->channels;
            place += params->step_w;
        }
    }
    return places;
}

/* Integers of 8 bytes. */
MCUGEN_KERNEL void mcugen_mve_max_pool_places2d_s8(const struct mcugen_spanned_pool_params *params,
                                                   const int8_t *input, const int8_t *rows, const int8_t *columns,
                                                   int8_t *output)
{
    for (int32_t y = 0; y < params->output_h; y++) {
        for (int32_t x = 0; x < params->output_w; x++) {
            const struct mcugen_span span = mcugen_mve_span(params, rows, columns, y, x);
            const int32_t top = mcugen_span_border(rows, 2 * y), left = mcugen_span_border(columns, 2 * x);
            for (int32_t channel = 0; channel < params->channels; channel += 4) {
                const int32_t more = params->channels - channel, lanes = more < 4 ? more : 4;
                const int32x4_t places = mcugen_mve_span_places(params, input + span.first + channel, span, lanes, 1);
                int32_t each[4];
                vstrwq_s32(each, vaddq_n_s32(places, top * params->row_elements + left));
                for (int32_t i = 0; i < lanes; i++) {
                    mcugen_store_integer(output, each[i], 8);
                    output += 8;
                }
            }
        }
    }
}
