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

/* Thumb-1 (Cortex-M0, M0+): eight registers for arithmetic, no long multiply. */
#ifndef MCUGEN_SMALL_CORE
#if defined(__ARM_ARCH_ISA_THUMB) && __ARM_ARCH_ISA_THUMB == 1
#define MCUGEN_SMALL_CORE 1
#else
#define MCUGEN_SMALL_CORE 0
#endif
#endif

/* portable/: general_requantization is 1 when a channel is beyond mcugen_requantize_fast. */
struct mcugen_conv2d_params {
    int32_t input_h, input_w, input_c;
    int32_t output_h, output_w, output_c;
    int32_t kernel_h, kernel_w;
    int32_t stride_h, stride_w;
    int32_t pad_top, pad_left;
    int32_t dilation_h, dilation_w;
    int32_t groups;
    int32_t input_zero_point, output_zero_point;
    int32_t clamp_min, clamp_max;
    int32_t general_requantization;
};

/* portable/: `rows` times `columns` windows, each a run of `depth` input bytes. */
struct mcugen_conv2d_direct_params {
    int32_t rows, row_bytes;
    int32_t columns, column_bytes;
    int32_t depth, output_c;
    int32_t output_zero_point;
    int32_t clamp_min, clamp_max;
    int32_t general_requantization;
};

/* portable/: band_h, band_w: input rows and columns (borders included) that one output row needs;
 * gathered_w: those of the columns that lie inside the input. */
struct mcugen_depthwise_params {
    int32_t input_h, input_w, input_c;
    int32_t output_h, output_w, output_c;
    int32_t kernel_h, kernel_w;
    int32_t stride_h, stride_w;
    int32_t pad_top, pad_left;
    int32_t dilation_h, dilation_w;
    int32_t band_h, band_w, gathered_w;
    int32_t input_zero_point, output_zero_point;
    int32_t clamp_min, clamp_max;
    int32_t general_requantization;
};

struct mcugen_fully_connected_params {
    int32_t rows, input_c, output_c;
    int32_t output_zero_point;
    int32_t clamp_min, clamp_max;
    int32_t general_requantization;
};

/* shape: of the output, axes merged, innermost last; step0, step1: input elements from one to the next along each axis,
 * 0 where an input is repeated. */
struct mcugen_add_params {
    int32_t shape[4], step0[4], step1[4];
    int32_t left_shift;
    int32_t input0_zero_point, input0_multiplier, input0_shift;
    int32_t input1_zero_point, input1_multiplier, input1_shift;
    int32_t output_zero_point, output_multiplier, output_shift;
    int32_t clamp_min, clamp_max;
};

struct mcugen_add_table_params {
    int32_t shape[4], step0[4], step1[4];
    int32_t output_zero_point, output_multiplier, output_shift;
    int32_t clamp_min, clamp_max;
    int32_t general_requantization;
};

struct mcugen_mul_params {
    int32_t shape[4], step0[4], step1[4];
    int32_t input0_zero_point, input1_zero_point, output_zero_point;
    int32_t multiplier, shift;
    int32_t clamp_min, clamp_max;
};

struct mcugen_pool_params {
    int32_t input_h, input_w, input_c;
    int32_t output_h, output_w;
    int32_t kernel_h, kernel_w;
    int32_t stride_h, stride_w;
    int32_t pad_top, pad_left;
    int32_t clamp_min, clamp_max;
};

/* shape: axes merged to kept, reduced, kept, reduced, kept. The multiplier divides by the number of elements too. */
struct mcugen_mean_params {
    int32_t shape[5];
    int32_t input_zero_point, output_zero_point;
    int32_t multiplier, shift;
};

/* diff_min: elements that far below the largest count as zero. */
struct mcugen_softmax_params {
    int32_t rows, row_elements;
    int32_t multiplier, left_shift, diff_min;
};

struct mcugen_clamp_params {
    int32_t elements;
    int32_t clamp_min, clamp_max;
};

struct mcugen_requantize_params {
    int32_t elements;
    int32_t input_zero_point, output_zero_point;
    int32_t multiplier, shift;
    int32_t clamp_min, clamp_max;
};

struct mcugen_lookup_params {
    int32_t elements;
};

struct mcugen_copy_params {
    int32_t elements;
};

/* shape: of the input, axes merged, innermost last; before, after: elements of padding on each axis. */
struct mcugen_pad_params {
    int32_t shape[4], before[4], after[4];
    int32_t zero_point;
};

/* shape: of the output, axes merged, innermost last; step: input elements from one to the next along each. */
struct mcugen_transpose_params {
    int32_t shape[5], step[5];
};

/* Bytes of each input in an output slice, and where they start in it. */
struct mcugen_concatenation_params {
    int32_t slices, slice_bytes;
    int32_t part[8], start[8];
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
