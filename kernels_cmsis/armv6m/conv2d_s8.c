/* Convolution of any kernel, stride, padding and dilation: two windows at a time become pairs, with the input zero point
 * where they reach over the border. Both are read before their outputs are written.
 * Scratch: the pairs, then one position of zero points. */
#include "armv6m/pairs.h"
#include "portable/bytes.h"

struct mcugen_armv6m_conv2d_params {
    int32_t input_h, input_w, input_c;
    int32_t output_h, output_w, output_c;
    int32_t kernel_h, kernel_w;
    int32_t stride_h, stride_w;
    int32_t pad_top, pad_left;
    int32_t dilation_h, dilation_w;
    int32_t input_zero_point, output_zero_point;
    int32_t clamp_min, clamp_max;
    int32_t group;
    int32_t general_requantization;
};

/* Where a window has its first tap; it may be outside. */
struct mcugen_armv6m_place {
    int32_t y, x;
};

/* The input at one tap, or the border. */
MCUGEN_KERNEL const int8_t *mcugen_armv6m_tap(const struct mcugen_armv6m_conv2d_params *params, const int8_t *input,
                                              const int8_t *border, int32_t y, int32_t x)
{
    const int inside = y >= 0 && y < params->input_h && x >= 0 && x < params->input_w;
    return inside ? input + (y * params->input_w + x) * params->input_c : border;
}

/* True when a row of taps from `place` on lies inside. */
MCUGEN_KERNEL int mcugen_armv6m_taps_inside(const struct mcugen_armv6m_conv2d_params *params, int32_t y, int32_t x)
{
    return y >= 0 && y < params->input_h && x >= 0 && x <= params->input_w - params->kernel_w;
}

MCUGEN_KERNEL void mcugen_armv6m_pair_windows(const struct mcugen_armv6m_conv2d_params *params,
                                              mcugen_armv6m_word *pairs, const int8_t *input, const int8_t *border,
                                              struct mcugen_armv6m_place first, struct mcugen_armv6m_place second)
{
    for (int32_t row = 0; row < params->kernel_h; row++) {
        if (params->dilation_w == 1 && mcugen_armv6m_taps_inside(params, first.y, first.x) &&
            mcugen_armv6m_taps_inside(params, second.y, second.x)) {
            const int8_t *const a = input + (first.y * params->input_w + first.x) * params->input_c;
            const int8_t *const b = input + (second.y * params->input_w + second.x) * params->input_c;
            pairs = mcugen_armv6m_pair(pairs, a, b, params->kernel_w * params->input_c);
        } else {
            for (int32_t tap = 0; tap < params->kernel_w; tap++) {
                const int32_t x = tap * params->dilation_w;
                const int8_t *const a = mcugen_armv6m_tap(params, input, border, first.y, first.x + x);
                const int8_t *const b = mcugen_armv6m_tap(params, input, border, second.y, second.x + x);
                pairs = mcugen_armv6m_pair(pairs, a, b, params->input_c);
            }
        }
        first.y += params->dilation_h;
        second.y += params->dilation_h;
    }
}

MCUGEN_KERNEL struct mcugen_armv6m_place mcugen_armv6m_next_place(const struct mcugen_armv6m_conv2d_params *params,
                                                                  struct mcugen_armv6m_place place)
{
    place.x += params->stride_w;
    if (place.x == params->output_w * params->stride_w - params->pad_left) {
        place.x = -params->pad_left;
        place.y += params->stride_h;
    }
    return place;
}

MCUGEN_KERNEL void mcugen_armv6m_conv2d_s8(const struct mcugen_armv6m_conv2d_params *params, const int8_t *input,
                                           const int8_t *weights, const int32_t *bias, const int32_t *multiplier,
                                           const int8_t *shift, int8_t *output, void *scratch)
{
    const int32_t depth = params->kernel_h * params->kernel_w * params->input_c;
    const struct mcugen_armv6m_matrix matrix = {
        .weights = weights,
        .bias = bias,
        .multiplier = multiplier,
        .shift = shift,
        .depth = depth,
        .channels = params->output_c,
        .group = params->group,
        .output = {params->output_zero_point, params->clamp_min, params->clamp_max, params->general_requantization},
    };
    mcugen_armv6m_word *const pairs = scratch;
    int8_t *const border = (int8_t *)(pairs + depth);
    struct mcugen_armv6m_place place = {-params->pad_top, -params->pad_left};
    (void)mcugen_fill(border, params->input_zero_point, params->input_c);
    for (int32_t left = params->output_h * params->output_w; left > 0; left -= 2) {
        /* An odd last window is its own neighbour. */
        const struct mcugen_armv6m_place next = left == 1 ? place : mcugen_armv6m_next_place(params, place);
        mcugen_armv6m_pair_windows(params, pairs, input, border, place, next);
        mcugen_armv6m_two_columns(&matrix, pairs, output, left == 1 ? 0 : params->output_c);
        output += 2 * params->output_c;
        place = mcugen_armv6m_next_place(params, next);
    }
}
