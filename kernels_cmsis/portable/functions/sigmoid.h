/* Parameters of the logistic function and the hyperbolic tangent of int16. */
#ifndef MCUGEN_PORTABLE_SIGMOID_H
#define MCUGEN_PORTABLE_SIGMOID_H

#include "mcugen_kernels.h"

/* (x * multiplier + half) >> shift: the input in steps of 1 / 12288; tangent: 1 for tanh. */
struct mcugen_sigmoid_params {
    int32_t elements;
    int32_t multiplier, shift;
    int32_t tangent;
};

MCUGEN_KERNEL int32_t mcugen_sigmoid_half(const struct mcugen_sigmoid_params *params)
{
    return params->shift > 0 ? 1 << (params->shift - 1) : 0;
}

#endif
