/* Parameters of the matrix products. */
#ifndef MCUGEN_DSP_FULLY_CONNECTED_H
#define MCUGEN_DSP_FULLY_CONNECTED_H

#include "mcugen_kernels.h"

/* general_requantization: 1 when multipliers and shifts are beyond the fast form of dsp/requantize.h. */
struct mcugen_dsp_fully_connected_params {
    int32_t rows, input_c, output_c;
    int32_t input_zero_point, output_zero_point;
    int32_t clamp_min, clamp_max;
    int32_t general_requantization;
};

#endif
