/* Parameters of the fully connected layers. */
#ifndef MCUGEN_ARMV7M_FULLY_CONNECTED_H
#define MCUGEN_ARMV7M_FULLY_CONNECTED_H

#include "mcugen_kernels.h"

struct mcugen_armv7m_fully_connected_params {
    int32_t rows, input_c, output_c;
    int32_t output_zero_point;
    int32_t clamp_min, clamp_max;
    int32_t field_bits;
};

#endif
