/* Parameters of the matrix products. */
#ifndef MCUGEN_MVE_FULLY_CONNECTED_H
#define MCUGEN_MVE_FULLY_CONNECTED_H

#include "mcugen_kernels.h"

/* general_requantization: 1 when a shift is above -1. */
struct mcugen_mve_fully_connected_params {
    int32_t rows, input_c, output_c;
    int32_t input_zero_point, output_zero_point;
    int32_t clamp_min, clamp_max;
    int32_t general_requantization;
    int32_t weight_bits;
};

#endif
