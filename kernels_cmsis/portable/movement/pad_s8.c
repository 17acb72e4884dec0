/* Padding with one value. Axes without padding are merged into the one before; six are left.
 *
 * The innermost axis is copied row by row, upwards.
 */
#include "portable/bytes.h"

/* shape: of the input, axes merged, innermost last; before, after: elements of padding on each axis. */
struct mcugen_pad_params {
    int32_t shape[6], before[6], after[6];
    int32_t value;
};

/* Fills for `count` slices of `axis`, each of all inner axes. */
MCUGEN_KERNEL int8_t *mcugen_pad_slices(const struct mcugen_pad_params *params, int8_t *output, int32_t axis,
                                        int32_t count)
{
    int32_t bytes = count;
    for (int32_t inner = axis + 1; inner < 6; inner++) {
        bytes *= params->before[inner] + params->shape[inner] + params->after[inner];
    }
    return mcugen_fill(output, params->value, bytes);
}

/* The padded rows of axes 3 and 4; returns the end of the output. `*input` moves behind what was read. */
MCUGEN_KERNEL int8_t *mcugen_pad_block(const struct mcugen_pad_params *params, const int8_t **input, int8_t *output)
{
    const int32_t *const shape = params->shape, *const before = params->before, *const after = params->after;
    for (int32_t i = 0; i < shape[3]; i++) {
        output = mcugen_pad_slices(params, output, 4, before[4]);
        for (int32_t j = 0; j < shape[4]; j++) {
            output = mcugen_fill(output, params->value, before[5]);
            output = mcugen_copy(output, *input, shape[5]);
            output = mcugen_fill(output, params->value, after[5]);
            *input += shape[5];
        }
        output = mcugen_pad_slices(params, output, 4, after[4]);
    }
    return output;
}

MCUGEN_KERNEL void mcugen_pad_s8(const struct mcugen_pad_params *params, const int8_t *input, int8_t *output)
{
    const int32_t *const shape = params->shape, *const before = params->before, *const after = params->after;
    output = mcugen_pad_slices(params, output, 0, before[0]);
    for (int32_t i = 0; i < shape[0]; i++) {
        output = mcugen_pad_slices(params, output, 1, before[1]);
        for (int32_t j = 0; j < shape[1]; j++) {
            output = mcugen_pad_slices(params, output, 2, before[2]);
            for (int32_t k = 0; k < shape[2]; k++) {
                output = mcugen_pad_slices(params, output, 3, before[3]);
                output = mcugen_pad_block(params, &input, output);
                output = mcugen_pad_slices(params, output, 3, after[3]);
            }
            output = mcugen_pad_slices(params, output, 2, after[2]);
        }
        output = mcugen_pad_slices(params, output, 1, after[1]);
    }
    (void)mcugen_pad_slices(params, output, 0, after[0]);
}
