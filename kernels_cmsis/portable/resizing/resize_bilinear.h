/* Parameters of bilinear interpolation. */
#ifndef MCUGEN_RESIZE_BILINEAR_H
#define MCUGEN_RESIZE_BILINEAR_H

#include "mcugen_kernels.h"

/* Fractions have 11 bits. */
enum { MCUGEN_RESIZE_ONE = 1 << 11 };

struct mcugen_resize_bilinear_params {
    int32_t input_w, channels;
    int32_t output_h, output_w;
};

#endif
