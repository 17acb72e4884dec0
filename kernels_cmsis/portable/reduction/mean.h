/* Parameters of means and sums over axes. */
#ifndef MCUGEN_MEAN_H
#define MCUGEN_MEAN_H

#include "mcugen_kernels.h"

/* shape: axes merged to kept, reduced, kept, reduced, kept, reduced, kept. The multiplier divides by the number of elements too. */
struct mcugen_mean_params {
    int32_t shape[7];
    int32_t input_zero_point, output_zero_point;
    int32_t multiplier, shift;
};

#endif
