/* Parameters of permutations of axes. */
#ifndef MCUGEN_TRANSPOSE_H
#define MCUGEN_TRANSPOSE_H

#include "mcugen_kernels.h"

/* shape: of the output, axes merged, innermost last; step: input bytes from one to the next along each. */
struct mcugen_transpose_params {
    int32_t shape[7], step[7];
};

#endif
