/* Joins inputs along an axis: `slices` times, `part[i]` bytes of input i go to byte `start[i]` of each output slice.
 *
 * With one slice an input that lies in its place in the output already stays there.
 */
#include "portable/bytes.h"

/* Bytes of each input in an output slice, and where they start in it. */
struct mcugen_concatenation_params {
    int32_t slices, slice_bytes;
    int32_t part[8], start[8];
};

MCUGEN_KERNEL void mcugen_concatenate(const struct mcugen_concatenation_params *params, int32_t index,
                                      const int8_t *input, int8_t *output)
{
    const int32_t bytes = params->part[index];
    output += params->start[index];
    if (params->slices == 1 && input == output) {
        return;
    }
    for (int32_t slice = 0; slice < params->slices; slice++) {
        (void)mcugen_copy(output, input, bytes);
        input += bytes;
        output += params->slice_bytes;
    }
}

MCUGEN_KERNEL void mcugen_concatenation1_s8(const struct mcugen_concatenation_params *params, const int8_t *input,
                                            int8_t *output)
{
    mcugen_concatenate(params, 0, input, output);
}

MCUGEN_KERNEL void mcugen_concatenation2_s8(const struct mcugen_concatenation_params *params, const int8_t *input0,
                                            const int8_t *input1, int8_t *output)
{
    mcugen_concatenate(params, 0, input0, output);
    mcugen_concatenate(params, 1, input1, output);
}

MCUGEN_KERNEL void mcugen_concatenation3_s8(const struct mcugen_concatenation_params *params, const int8_t *input0,
                                            const int8_t *input1, const int8_t *input2, int8_t *output)
{
    mcugen_concatenation2_s8(params, input0, input1, output);
    mcugen_concatenate(params, 2, input2, output);
}

MCUGEN_KERNEL void mcugen_concatenation4_s8(const struct mcugen_concatenation_params *params, const int8_t *input0,
                                            const int8_t *input1, const int8_t *input2, const int8_t *input3,
                                            int8_t *output)
{
    mcugen_concatenation3_s8(params, input0, input1, input2, output);
    mcugen_concatenate(params, 3, input3, output);
}

MCUGEN_KERNEL void mcugen_concatenation5_s8(const struct mcugen_concatenation_params *params, const int8_t *input0,
                                            const int8_t *input1, const int8_t *input2, const int8_t *input3,
                                            const int8_t *input4, int8_t *output)
{
    mcugen_concatenation4_s8(params, input0, input1, input2, input3, output);
    mcugen_concatenate(params, 4, input4, output);
}

MCUGEN_KERNEL void mcugen_concatenation6_s8(const struct mcugen_concatenation_params *params, const int8_t *input0,
                                            const int8_t *input1, const int8_t *input2, const int8_t *input3,
                                            const int8_t *input4, const int8_t *input5, int8_t *output)
{
    mcugen_concatenation5_s8(params, input0, input1, input2, input3, input4, output);
    mcugen_concatenate(params, 5, input5, output);
}

MCUGEN_KERNEL void mcugen_concatenation7_s8(const struct mcugen_concatenation_params *params, const int8_t *input0,
                                            const int8_t *input1, const int8_t *input2, const int8_t *input3,
                                            const int8_t *input4, const int8_t *input5, const int8_t *input6,
                                            int8_t *output)
{
    mcugen_concatenation6_s8(params, input0, input1, input2, input3, input4, input5, output);
    mcugen_concatenate(params, 6, input6, output);
}

MCUGEN_KERNEL void mcugen_concatenation8_s8(const struct mcugen_concatenation_params *params, const int8_t *input0,
                                            const int8_t *input1, const int8_t *input2, const int8_t *input3,
                                            const int8_t *input4, const int8_t *input5, const int8_t *input6,
                                            const int8_t *input7, int8_t *output)
{
    mcugen_concatenation7_s8(params, input0, input1, input2, input3, input4, input5, input6, output);
    mcugen_concatenate(params, 7, input7, output);
}
