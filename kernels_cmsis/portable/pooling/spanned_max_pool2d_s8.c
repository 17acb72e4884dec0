/* Maxima over windows of any sizes, and their places, integers of 8 bytes. */
#include "portable/pooling/spans.h"

struct mcugen_largest {
    int32_t value, row, column;
};

/* The first largest element of one channel of a window. */
MCUGEN_KERNEL struct mcugen_largest mcugen_span_maximum(const struct mcugen_spanned_pool_params *params,
                                                        const int8_t *input, struct mcugen_span span)
{
    const int32_t bytes = params->element_bytes;
    struct mcugen_largest most = {(int32_t)mcugen_load_integer(input, bytes), 0, 0};
    for (int32_t y = 0; y < span.rows; y++) {
        const int8_t *x = input + bytes * y * params->step_h * params->input_w * params->channels;
        for (int32_t i = 0; i < span.columns; i++) {
            const int32_t value = (int32_t)mcugen_load_integer(x, bytes);
            if (value > most.value) {
                most.value = value;
                most.row = y;
                most.column = i;
            }
            x += bytes * params->step_w * params->channels;
        }
    }
    return most;
}

/* Runs `result` for each output position; rows, columns: first and end of each window, 16 bits each. */
#define MCUGEN_EACH_SPAN(params, rows, columns, result)                                                                \
    for (int32_t y = 0; y < (params)->output_h; y++) {                                                                 \
        const int32_t top = mcugen_span_border(rows, 2 * y);                                                           \
        const int32_t down = mcugen_span_elements(rows, y, (params)->step_h);                                          \
        for (int32_t x = 0; x < (params)->output_w; x++) {                                                             \
            const int32_t left = mcugen_span_border(columns, 2 * x);                                                   \
            const struct mcugen_span span = {(top * (params)->input_w + left) * (params)->channels, down,              \
                                             mcugen_span_elements(columns, x, (params)->step_w)};                      \
            for (int32_t channel = 0; channel < (params)->channels; channel++) {                                       \
                result;                                                                                                \
            }                                                                                                          \
        }                                                                                                              \
    }

MCUGEN_KERNEL void mcugen_spanned_max_pool2d_s8(const struct mcugen_spanned_pool_params *params, const int8_t *input,
                                                const int8_t *rows, const int8_t *columns, int8_t *output)
{
    MCUGEN_EACH_SPAN(params, rows, columns, {
        (void)left;
        const int32_t bytes = params->element_bytes;
        mcugen_store_integer(output, mcugen_span_maximum(params, input + bytes * (span.first + channel), span).value, bytes);
        output += bytes;
    })
}

MCUGEN_KERNEL void mcugen_max_pool_places2d_s8(const struct mcugen_spanned_pool_params *params, const int8_t *input,
                                               const int8_t *rows, const int8_t *columns, int8_t *output)
{
    MCUGEN_EACH_SPAN(params, rows, columns, {
        const struct mcugen_largest most = mcugen_span_maximum(params, input + params->element_bytes * (span.first + channel), span);
        const int32_t row = top + most.row * params->step_h;
        const int32_t place = row * params->row_elements + left + most.column * params->step_w;
        mcugen_store_integer(output, place, 8);
        output += 8;
    })
}
