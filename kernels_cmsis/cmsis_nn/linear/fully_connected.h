/* CMSIS-NN's argument structs for fully connected, filled from constant parameters. */
#ifndef MCUGEN_CMSIS_NN_FULLY_CONNECTED_H
#define MCUGEN_CMSIS_NN_FULLY_CONNECTED_H

#include "cmsis_nn/cmsis_nn.h"

struct mcugen_cmsis_nn_fully_connected_arguments {
    cmsis_nn_context context;
    cmsis_nn_fc_params fully_connected;
    cmsis_nn_dims input, filter, bias_dims, output;
    const int32_t *bias;
};

/* Helium kernels since V17 read the start of the accumulators from the context (and never write to it), those before V12
 * from the bias. Between them the context is read too, but multiplied by the input offset, which then is 0. */
MCUGEN_KERNEL struct mcugen_cmsis_nn_fully_connected_arguments
mcugen_cmsis_nn_fully_connected_arguments(const struct mcugen_cmsis_nn_fully_connected_params *p, const int32_t *sums)
{
    const struct mcugen_cmsis_nn_fully_connected_arguments arguments = {
        .context = {p->sums_in_context ? (void *)(uintptr_t)sums : NULL, p->sums_in_context ? 4 * p->output_c : 0},
        .bias = p->sums_in_bias ? sums : NULL,
        .fully_connected = {p->input_offset, 0, p->output_offset, {p->activation_min, p->activation_max}},
        .input = {p->rows, 1, 1, p->input_c},
        .filter = {p->input_c, 1, 1, p->output_c},
        .bias_dims = {1, 1, 1, p->output_c},
        .output = {p->rows, 1, 1, p->output_c},
    };
    return arguments;
}

#endif
