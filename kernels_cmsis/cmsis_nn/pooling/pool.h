/* CMSIS-NN's argument structs for pooling, filled from constant parameters. */
#ifndef MCUGEN_CMSIS_NN_POOL_H
#define MCUGEN_CMSIS_NN_POOL_H

#include "cmsis_nn/cmsis_nn.h"

struct mcugen_cmsis_nn_pool_arguments {
    cmsis_nn_context context;
    cmsis_nn_pool_params pool;
    cmsis_nn_dims input, filter, output;
};

MCUGEN_KERNEL struct mcugen_cmsis_nn_pool_arguments
mcugen_cmsis_nn_pool_arguments(const struct mcugen_cmsis_nn_pool_params *p, void *scratch)
{
    const struct mcugen_cmsis_nn_pool_arguments arguments = {
        .context = {scratch, p->scratch_bytes},
        .pool = {{p->stride_w, p->stride_h}, {p->pad_w, p->pad_h}, {p->activation_min, p->activation_max}},
        .input = {1, p->input_h, p->input_w, p->channels},
        .filter = {1, p->kernel_h, p->kernel_w, 1},
        .output = {1, p->output_h, p->output_w, p->channels},
    };
    return arguments;
}

#endif
