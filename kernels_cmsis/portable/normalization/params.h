/* Parameters of the softmax kernels that other libraries have too. */
#ifndef MCUGEN_NORMALIZATION_PARAMS_H
#define MCUGEN_NORMALIZATION_PARAMS_H

#include "mcugen_kernels.h"

/* diff_min: elements that far below the largest count as zero. */
struct mcugen_softmax_params {
    int32_t rows, row_elements;
    int32_t multiplier, left_shift, diff_min;
    int32_t share_bits;
};

struct mcugen_softmax_table_params {
    int32_t rows, row_elements;
    int32_t most_below;
    int32_t share_bits;
};

#endif
