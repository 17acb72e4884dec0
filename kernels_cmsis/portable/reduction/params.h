/* Parameters of the reductions that other libraries have too. */
#ifndef MCUGEN_REDUCTION_PARAMS_H
#define MCUGEN_REDUCTION_PARAMS_H

#include "mcugen_kernels.h"

/* outer, length, inner: elements before, along and behind the axis. */
struct mcugen_cumulative_params {
    int32_t outer, length, inner;
    int32_t input_zero_point, output_zero_point;
    int32_t multiplier, shift;
};

/* operation: 0 largest, 1 smallest, 2 sum, 3 place of the largest, 4 place of the smallest, 5 product. */
struct mcugen_reduce_params {
    int32_t shape[7];
    int32_t element_bytes, output_bytes;
    int32_t operation;
};

#endif
