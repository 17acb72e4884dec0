/* The part of a pooling window that lies inside the input. */
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

#endif
