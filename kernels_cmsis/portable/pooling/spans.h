/* Pooling over windows of any sizes. */
#ifndef MCUGEN_PORTABLE_SPANS_H
#define MCUGEN_PORTABLE_SPANS_H

#include "portable/integers.h"

struct mcugen_adaptive_pool_params {
    int32_t input_w, channels;
    int32_t output_h, output_w;
};

/* step_h, step_w: from one element of a window to the next; row_elements: what a row adds to a place. */
struct mcugen_spanned_pool_params {
    int32_t input_w, channels;
    int32_t output_h, output_w;
    int32_t step_h, step_w;
    int32_t row_elements;
    int32_t element_bytes; /* of the input */
};

/* A window: first element in the input, elements downwards and across. */
struct mcugen_span {
    int32_t first, rows, columns;
};

/* A number of 16 bits. */
MCUGEN_KERNEL int32_t mcugen_span_border(const int8_t *spans, int32_t index)
{
    return (int32_t)mcugen_load_integer(spans + 2 * index, 2);
}

/* Elements of window `index`. */
MCUGEN_KERNEL int32_t mcugen_span_elements(const int8_t *spans, int32_t index, int32_t step)
{
    return (mcugen_span_border(spans, 2 * index + 1) - mcugen_span_border(spans, 2 * index) + step - 1) / step;
}

#endif
