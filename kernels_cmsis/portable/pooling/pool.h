/* The windows of a pooling, and the part of each that lies inside the input. */
#ifndef MCUGEN_PORTABLE_POOL_H
#define MCUGEN_PORTABLE_POOL_H

#include "mcugen_kernels.h"

struct mcugen_pool_params {
    int32_t input_h, input_w, input_c;
    int32_t output_h, output_w;
    int32_t kernel_h, kernel_w;
    int32_t stride_h, stride_w;
    int32_t pad_top, pad_left;
    int32_t clamp_min, clamp_max;
};

/* Elements first ... end - 1 of an axis of `size` elements. */
struct mcugen_range {
    int32_t first, end;
};

MCUGEN_KERNEL struct mcugen_range mcugen_inside(int32_t first, int32_t taps, int32_t size)
{
    const struct mcugen_range range = {first < 0 ? 0 : first, first + taps < size ? first + taps : size};
    return range;
}

/* One window: its first value inside the input, of channel 0, and its rows and columns there. */
struct mcugen_window {
    const int8_t *input;
    int32_t rows, columns;
};

/* Whether every window lies inside the input. With constant parameters so are then its rows and columns. */
MCUGEN_KERNEL int mcugen_pool_is_inside(const struct mcugen_pool_params *params)
{
    return params->pad_top == 0 && params->pad_left == 0 &&
           (params->output_h - 1) * params->stride_h + params->kernel_h <= params->input_h &&
           (params->output_w - 1) * params->stride_w + params->kernel_w <= params->input_w;
}

/* The window whose first row is y and whose first column is x, either of which may lie outside. */
MCUGEN_KERNEL struct mcugen_window mcugen_window_at(const struct mcugen_pool_params *params, const int8_t *input,
                                                    int32_t y, int32_t x)
{
    struct mcugen_window window = {input, params->kernel_h, params->kernel_w};
    if (!mcugen_pool_is_inside(params)) {
        const struct mcugen_range rows = mcugen_inside(y, params->kernel_h, params->input_h);
        const struct mcugen_range columns = mcugen_inside(x, params->kernel_w, params->input_w);
        y = rows.first;
        x = columns.first;
        window.rows = rows.end - rows.first;
        window.columns = columns.end - columns.first;
    }
    window.input += (y * params->input_w + x) * params->input_c;
    return window;
}

#endif
