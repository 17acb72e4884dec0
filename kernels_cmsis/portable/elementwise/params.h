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

#endif
