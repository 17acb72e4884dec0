/* The parameter structs and fixed-point helpers that all kernels share.
 *
 * Tensors are NHWC with N = 1. Numbers follow the LiteRT 8-bit specification: real = scale * (integer - zero_point).
 */
#ifndef MCUGEN_KERNELS_H
#define MCUGEN_KERNELS_H

#include <stdint.h>
#include <string.h>

/* Kernels are inlined into one function for each distinct set of constant parameters. */
#define MCUGEN_KERNEL static inline __attribute__((always_inline, unused))

struct mcugen_conv2d_params {
    int32_t input_h, input_w, input_c;
    int32_t output_h, output_w, output_c;
    int32_t kernel_h, kernel_w;
    int32_t stride_h, stride_w;
    int32_t pad_top, pad_left;
    int32_t dilation_h, dilation_w;
    int32_t groups; /* depthwise: the channel multiplier is output_c / input_c, groups equals input_c */
    int32_t input_zero_point, output_zero_point;
    int32_t clamp_min, clamp_max;
};

struct mcugen_fully_connected_params {
    int32_t rows, input_c, output_c;
    int32_t input_zero_point, output_zero_point;
    int32_t clamp_min, clamp_max;
};

/* dsp/: as mcugen_conv2d_params without groups.
 * general_requantization: 1 when multipliers and shifts are beyond the fast form of dsp/requantize.h. */
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

/* dsp/: dilation is packed into the kernel as zero taps; kernel_h and kernel_w count them.
 * plane_w: int16 elements of a row of the scratch plane, even; gathered_w: input columns that the outputs need;
 * band_rows: output rows worked on at a time. */
struct mcugen_dsp_depthwise_params {
    int32_t input_h, input_w, input_c;
    int32_t output_h, output_w, output_c;
    int32_t kernel_h, kernel_w;
    int32_t stride_h, stride_w;
    int32_t pad_top, pad_left;
    int32_t input_zero_point, output_zero_point;
    int32_t clamp_min, clamp_max;
    int32_t general_requantization;
    int32_t plane_w, gathered_w, band_rows;
};

struct mcugen_dsp_fully_connected_params {
    int32_t rows, input_c, output_c;
    int32_t input_zero_point, output_zero_point;
    int32_t clamp_min, clamp_max;
    int32_t general_requantization;
};

#endif
