/* CMSIS-NN's argument structs for convolution, filled from constant parameters. */
#ifndef MCUGEN_CMSIS_NN_CONVOLVE_H
#define MCUGEN_CMSIS_NN_CONVOLVE_H

#include "cmsis_nn/cmsis_nn.h"

struct mcugen_cmsis_nn_convolve_arguments {
    cmsis_nn_context context;
    cmsis_nn_conv_params convolve;
    cmsis_nn_dw_conv_params depthwise;
    cmsis_nn_per_channel_quant_params quantization;
    cmsis_nn_dims input, filter, depthwise_filter, bias, output;
};

/* CMSIS-NN only reads the quantization arrays, although its struct has pointers to non-const. */
MCUGEN_KERNEL struct mcugen_cmsis_nn_convolve_arguments
mcugen_cmsis_nn_convolve_arguments(const struct mcugen_cmsis_nn_convolve_params *p, const int32_t *multiplier,
                                   const int32_t *shift, void *scratch)
{
    const cmsis_nn_tile stride = {p->stride_w, p->stride_h};
    const cmsis_nn_tile padding = {p->pad_w, p->pad_h};
    const cmsis_nn_tile dilation = {p->dilation_w, p->dilation_h};
    const cmsis_nn_activation activation = {p->activation_min, p->activation_max};
    const struct mcugen_cmsis_nn_convolve_arguments arguments = {
        .context = {scratch, p->scratch_bytes},
        .convolve = {p->input_offset, p->output_offset, stride, padding, dilation, activation},
        .depthwise = {p->input_offset, p->output_offset, p->output_c / p->input_c, stride, padding, dilation,
                      activation},
        .quantization = {(int32_t *)(uintptr_t)multiplier, (int32_t *)(uintptr_t)shift},
        .input = {1, p->input_h, p->input_w, p->input_c},
        .filter = {p->output_c, p->kernel_h, p->kernel_w, p->kernel_c},
        .depthwise_filter = {1, p->kernel_h, p->kernel_w, p->output_c},
        .bias = {1, 1, 1, p->output_c},
        .output = {1, p->output_h, p->output_w, p->output_c},
    };
    return arguments;
}

#endif
