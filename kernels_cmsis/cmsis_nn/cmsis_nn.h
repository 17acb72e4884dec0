/* What the wrappers of Arm's CMSIS-NN share: its public header, what a compiler can know of it, and run-time checks.
 *
 * Only arm_nnfunctions.h is included: arm_nnsupportfunctions.h would redefine MIN, MAX and CLAMP of the application.
 */
#ifndef MCUGEN_CMSIS_NN_H
#define MCUGEN_CMSIS_NN_H

#include "mcugen_kernels.h"

#include <arm_nnfunctions.h>

/* The class of core that CMSIS-NN is compiled for; its working memory and some constants depend on it. */
#define MCUGEN_CMSIS_NN_SCALAR 0
#define MCUGEN_CMSIS_NN_DSP 1
#define MCUGEN_CMSIS_NN_MVE 2
#if defined(ARM_MATH_MVEI)
#define MCUGEN_CMSIS_NN_CORE MCUGEN_CMSIS_NN_MVE
#elif defined(ARM_MATH_DSP)
#define MCUGEN_CMSIS_NN_CORE MCUGEN_CMSIS_NN_DSP
#else
#define MCUGEN_CMSIS_NN_CORE MCUGEN_CMSIS_NN_SCALAR
#endif

/* The major revision of arm_nnfunctions.h. It has no version macro, but one signature changed with each revision:
 * with V12 arm_svdf_s8 got a context; V13 to V16 sum vectors without an offset of their own, and from V16 on the bias of
 * arm_convolve_s16 has a struct. */
#define MCUGEN_CMSIS_NN_IS_V11                                                                                         \
    _Generic(&arm_svdf_s8,                                                                                             \
        arm_cmsis_nn_status (*)(const cmsis_nn_context *, const cmsis_nn_context *, const cmsis_nn_svdf_params *,      \
                                const cmsis_nn_per_tensor_quant_params *, const cmsis_nn_per_tensor_quant_params *,    \
                                const cmsis_nn_dims *, const int8_t *, const cmsis_nn_dims *, int8_t *,                \
                                const cmsis_nn_dims *, const int8_t *, const cmsis_nn_dims *, const int8_t *,          \
                                const cmsis_nn_dims *, const int32_t *, const cmsis_nn_dims *, int8_t *): 1,           \
        default: 0)
#define MCUGEN_CMSIS_NN_IS_V16                                                                                         \
    (_Generic(&arm_vector_sum_s8,                                                                                      \
        arm_cmsis_nn_status (*)(int32_t *, const int32_t, const int32_t, const int8_t *, const int32_t,                \
                                const int32_t *): 1,                                                                   \
        default: 0) &&                                                                                                 \
     _Generic(&arm_convolve_s16,                                                                                       \
        arm_cmsis_nn_status (*)(const cmsis_nn_context *, const cmsis_nn_conv_params *,                                \
                                const cmsis_nn_per_channel_quant_params *, const cmsis_nn_dims *, const int16_t *,     \
                                const cmsis_nn_dims *, const int8_t *, const cmsis_nn_dims *, const int64_t *,         \
                                const cmsis_nn_dims *, int16_t *): 0,                                                  \
        default: 1))
#define MCUGEN_CMSIS_NN_IS_V18                                                                                         \
    _Generic(&arm_transpose_conv_s8_get_buffer_size_mve,                                                               \
        int32_t (*)(const cmsis_nn_dims *, const cmsis_nn_dims *, const cmsis_nn_dims *): 1,                           \
        default: 0)
#define MCUGEN_CMSIS_NN_IS_V19                                                                                         \
    _Generic(&arm_transpose_conv_s8_get_buffer_size_mve,                                                               \
        int32_t (*)(const cmsis_nn_transpose_conv_params *, const cmsis_nn_dims *, const cmsis_nn_dims *,              \
                    const cmsis_nn_dims *): 1,                                                                         \
        default: 0)

/* Bytes of working memory, as constant expressions; the library's own arm_*_get_buffer_size are functions. */
#if defined(ARM_MATH_MVEI)
#define MCUGEN_CMSIS_NN_CONVOLVE_BYTES(elements) (64 * (((elements) + 15) / 16))
#define MCUGEN_CMSIS_NN_CONVOLVE_S16_BYTES(elements) (64 * (((elements) + 7) / 8))
#define MCUGEN_CMSIS_NN_DEPTHWISE_OPT_BYTES(kernel_size, channels) (4 * 124 * (kernel_size))
#define MCUGEN_CMSIS_NN_DEPTHWISE_FAST_S16_BYTES(kernel_size, channels) (8 * (kernel_size) * (channels) + 8)
#define MCUGEN_CMSIS_NN_AVGPOOL_BYTES(channels) 0
#elif defined(ARM_MATH_DSP)
#define MCUGEN_CMSIS_NN_CONVOLVE_BYTES(elements) (16 * (((elements) + 3) / 4))
#define MCUGEN_CMSIS_NN_CONVOLVE_S16_BYTES(elements) (4 * (elements))
#define MCUGEN_CMSIS_NN_DEPTHWISE_OPT_BYTES(kernel_size, channels) (2 * (kernel_size) * (channels))
#define MCUGEN_CMSIS_NN_DEPTHWISE_FAST_S16_BYTES(kernel_size, channels) (2 * (kernel_size) * (channels))
#define MCUGEN_CMSIS_NN_AVGPOOL_BYTES(channels) (4 * (channels))
#else
#define MCUGEN_CMSIS_NN_CONVOLVE_BYTES(elements) (16 * (((elements) + 3) / 4))
#define MCUGEN_CMSIS_NN_CONVOLVE_S16_BYTES(elements) (4 * (elements))
#define MCUGEN_CMSIS_NN_DEPTHWISE_OPT_BYTES(kernel_size, channels) 0
#define MCUGEN_CMSIS_NN_DEPTHWISE_FAST_S16_BYTES(kernel_size, channels) 0
#define MCUGEN_CMSIS_NN_AVGPOOL_BYTES(channels) 0
#endif

#define MCUGEN_CMSIS_NN_CONVOLVE_S4_BYTES(elements) (4 * (elements))

/* With MCUGEN_DEBUG the library's own size functions and its return values are checked; a failed check traps. */
#ifdef MCUGEN_DEBUG
#define MCUGEN_CMSIS_NN_REQUIRE(condition) ((condition) ? (void)0 : __builtin_trap())
#else
#define MCUGEN_CMSIS_NN_REQUIRE(condition) ((void)0)
#endif
#define MCUGEN_CMSIS_NN_CALL(call)                                                                                     \
    do {                                                                                                               \
        const arm_cmsis_nn_status mcugen_status = (call);                                                              \
        MCUGEN_CMSIS_NN_REQUIRE(mcugen_status == ARM_CMSIS_NN_SUCCESS);                                                \
        (void)mcugen_status;                                                                                           \
    } while (0)

/* Convolution and depthwise convolution. Offsets have the sign that CMSIS-NN wants: input_offset = -zero point. */
struct mcugen_cmsis_nn_convolve_params {
    int32_t input_h, input_w, input_c;
    int32_t output_h, output_w, output_c;
    int32_t kernel_h, kernel_w, kernel_c; /* kernel_c: input channels of one group */
    int32_t stride_h, stride_w;
    int32_t pad_h, pad_w; /* top, left; what is beyond the other borders follows from the output's size */
    int32_t dilation_h, dilation_w;
    int32_t input_offset, output_offset;
    int32_t activation_min, activation_max;
    int32_t scratch_bytes;
    int32_t bias_bytes; /* of an element; int16 only */
};

struct mcugen_cmsis_nn_fully_connected_params {
    int32_t rows, input_c, output_c;
    int32_t input_offset, output_offset;
    int32_t activation_min, activation_max;
    int32_t sums_in_context, sums_in_bias;
    int32_t multiplier, shift; /* of all channels; unused where each channel has its own */
};

struct mcugen_cmsis_nn_pool_params {
    int32_t input_h, input_w, channels;
    int32_t output_h, output_w;
    int32_t kernel_h, kernel_w;
    int32_t stride_h, stride_w;
    int32_t pad_h, pad_w;
    int32_t activation_min, activation_max;
    int32_t scratch_bytes;
};

/* `repeats` blocks of `block` elements; the second operand is the same block each time. */
struct mcugen_cmsis_nn_add_params {
    int32_t repeats, block;
    int32_t input1_offset, input1_multiplier, input1_shift;
    int32_t input2_offset, input2_multiplier, input2_shift;
    int32_t left_shift;
    int32_t output_offset, output_multiplier, output_shift;
    int32_t activation_min, activation_max;
};

struct mcugen_cmsis_nn_mul_params {
    int32_t repeats, block;
    int32_t input1_offset, input2_offset;
    int32_t output_offset, output_multiplier, output_shift;
    int32_t activation_min, activation_max;
};

struct mcugen_cmsis_nn_softmax_params {
    int32_t rows, row_size;
    int32_t multiplier, shift;
    int32_t diff_min; /* int8 only */
};

/* The input is in steps of 2**(left_shift - 12). */
struct mcugen_cmsis_nn_activation_params {
    int32_t elements, left_shift, is_tanh;
};

struct mcugen_cmsis_nn_pad_params {
    int32_t value;
    int32_t input[4], before[4], after[4]; /* n, h, w, c */
};

/* `outer` rows; input i contributes `inner[i]` bytes to each of `inner_total`, from `offset[i]` on. */
struct mcugen_cmsis_nn_concatenation_params {
    int32_t outer, inner_total;
    int32_t inner[4], offset[4];
};

struct mcugen_cmsis_nn_transpose_params {
    int32_t rank;
    int32_t input[4], output[4];
    uint32_t permutation[4];
};

#endif
