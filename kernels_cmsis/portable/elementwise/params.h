/* Parameters of the element-wise kernels that other libraries have too. shape, step0, step1: see broadcast.h. */
#ifndef MCUGEN_ELEMENTWISE_PARAMS_H
#define MCUGEN_ELEMENTWISE_PARAMS_H

#include "mcugen_kernels.h"

struct mcugen_add_params {
    int32_t shape[6], step0[6], step1[6];
    int32_t left_shift;
    int32_t input0_zero_point, input0_multiplier, input0_shift;
    int32_t input1_zero_point, input1_multiplier, input1_shift;
    int32_t output_zero_point, output_multiplier, output_shift;
    int32_t clamp_min, clamp_max;
};

struct mcugen_mul_params {
    int32_t shape[6], step0[6], step1[6];
    int32_t input0_zero_point, input1_zero_point, output_zero_point;
    int32_t multiplier, shift;
    int32_t clamp_min, clamp_max;
};

struct mcugen_lookup_params {
    int32_t elements;
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

/* input0: the activation; input1: slopes. */
struct mcugen_prelu_params {
    int32_t shape[6], step0[6], step1[6];
    int32_t input_zero_point, slope_zero_point, output_zero_point;
    int32_t multiplier, shift, slope_multiplier, slope_shift;
};

/* swapped: input1 is the numerator. */
struct mcugen_div_params {
    int32_t shape[6], step0[6], step1[6];
    int32_t numerator_zero_point, output_zero_point;
    int32_t swapped;
};

/* wanted: which of less (1), equal (2), greater (4) give true. */
struct mcugen_compare_params {
    int32_t shape[6], step0[6], step1[6];
    int32_t wanted;
};

/* Axes as in broadcast.h; steps in bytes. role: which input is the condition, which is taken where it is true, which where
 * it is false. */
struct mcugen_where_params {
    int32_t shape[6], step0[6], step1[6], step2[6];
    int32_t role[3];
    int32_t element_bytes;
};

/* Axes and steps count elements; operation: as listed in integer.c; swapped: input1 is the left operand; boolean: any result but
 * 0 becomes 1. */
struct mcugen_integer_params {
    int32_t shape[6], step0[6], step1[6];
    int32_t bytes0, bytes1, output_bytes;
    int32_t operation, swapped, boolean;
};

struct mcugen_requantize_wide_params {
    int32_t elements;
    int32_t input_bytes, input_zero_point;
    int32_t output_bytes, output_zero_point;
    int32_t multiplier, shift;
    int32_t clamp_min, clamp_max;
};

#endif
