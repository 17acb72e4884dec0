/* Parameters of the convolutions. */
#ifndef MCUGEN_DSP_CONV2D_H
#define MCUGEN_DSP_CONV2D_H

#include "mcugen_kernels.h"

/* general_requantization: 1 when multipliers and shifts are beyond the fast form of dsp/requantize.h. */
struct mcugen_dsp_conv2d_params {
    int32_t input_h, input_w, input_c;
    int32_t output_h, output_w, output_c;
    int32_t kernel_h, kernel_w;
    int32_t stride_h, stride_w;
    int32_t pad_top, pad_left;
    int32_t dilation_h, dilation_w;
    int32_t input_zero_point, output_zero_point;
    int32_t clamp_min, clamp_max;
    int32_t general_requantization;
};

#endif
