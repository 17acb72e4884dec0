/* The logarithm of softmax over rows: mcugen_log_softmax_s8 of the portable library in lanes. The output may be the input. */
#include "mve/elementwise/lanes.h"
#include "mve/normalization/lanes.h"
#include "portable/normalization/logarithm.h"

/* Up to four elements. `start`: the largest element's result with 20 fractional bits, without the zero point. */
MCUGEN_KERNEL void mcugen_mve_log_softmax_lanes(const struct mcugen_log_softmax_params *params, const int8_t *input,
                                                int8_t *output, int32_t start, int32_t largest, int32_t lanes,
                                                int partly)
{
    const struct mcugen_mve_output out = {params->output_zero_point, INT8_MIN, INT8_MAX, 0};
    const int32x4_t difference = vaddq_n_s32(mcugen_mve_elements(input, 1, lanes, partly), -largest);
    const int32x4_t steps = vshrq_n_s32(vmlasq_n_s32(difference, vdupq_n_s32(params->slope), start), 20);
    mcugen_mve_results(output, mcugen_mve_clamp(vaddq_n_s32(steps, params->output_zero_point), &out), lanes, partly);
}

MCUGEN_KERNEL void mcugen_mve_log_softmax_row(const struct mcugen_log_softmax_params *params, const int8_t *input,
                                              const int32_t *exponentials, int8_t *output)
{
    /* With slopes below 2**22, 32 bits hold differences of less than 2**30. What starts lower is far below the range. */
    const int32_t least = -(INT32_C(1) << 30), elements = params->row_elements;
    const int32_t largest = mcugen_mve_largest(input, elements);
    const int64_t exact =
        mcugen_log_softmax_start(params, mcugen_mve_tabled_sum(input, elements, largest, exponentials));
    const int32_t start = exact < least ? least : (int32_t)exact;
    for (int32_t left = elements / 4; left > 0; left--) {
        mcugen_mve_log_softmax_lanes(params, input, output, start, largest, 4, 0);
        input += 4;
        output += 4;
    }
    if (elements % 4 != 0) {
        mcugen_mve_log_softmax_lanes(params, input, output, start, largest, elements % 4, 1);
    }
}

MCUGEN_KERNEL void mcugen_mve_log_softmax_s8(const struct mcugen_log_softmax_params *params, const int8_t *input,
                                             const int32_t *exponentials, int8_t *output)
{
    for (int32_t row = 0; row < params->rows; row++) {
        mcugen_mve_log_softmax_row(params, input, exponentials, output);
        input += params->row_elements;
        output += params->row_elements;
    }
}
