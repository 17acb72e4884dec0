/* Parameters of the convolutions. */
#ifndef MCUGEN_MVE_CONV2D_H
#define MCUGEN_MVE_CONV2D_H

#include "mcugen_kernels.h"

/* general_requantization: 1 when a shift is above -1.
 * block_w: output positions of a row that are worked on at a time. */
struct mcugen_mve_conv2d_params {
    int32_t input_h, input_w, input_c;
    int32_t output_h, output_w, output_c;
    int32_t kernel_h, kernel_w;
    int32_t stride_h, stride_w;
    int32_t pad_top, pad_left;
    int32_t dilation_h;
    int32_t groups;
    int32_t input_zero_point, output_zero_point;
    int32_t clamp_min, clamp_max;
    int32_t general_requantization;
    int32_t block_w;
    int32_t weight_bits;
};

#endif
