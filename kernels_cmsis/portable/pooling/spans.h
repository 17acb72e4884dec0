/* Parameters of pooling over windows of any sizes. */
#ifndef MCUGEN_PORTABLE_SPANS_H
#define MCUGEN_PORTABLE_SPANS_H

#include "mcugen_kernels.h"

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
};

#endif
