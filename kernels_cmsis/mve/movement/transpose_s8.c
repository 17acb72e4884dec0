/* Permutes axes of bytes: rows of the output are copied, or gathered eight at a time. */
#include "mve/copy.h"
#include "portable/movement/transpose.h"

/* The innermost axis of the output; returns its end. */
MCUGEN_KERNEL int8_t *mcugen_mve_transpose_row(const struct mcugen_transpose_params *params, const int8_t *x,
                                               int8_t *output, uint16x8_t offsets)
{
    const int32_t bytes = params->shape[6], step = params->step[6];
    if (step == 1) {
        mcugen_mve_copy(output, x, bytes);
        return output + bytes;
    }
    for (int32_t left = bytes / 8; left > 0; left--) {
        vstrbq_s16(output, vldrbq_gather_offset_s16(x, offsets));
        x += 8 * step;
        output += 8;
    }
    if (bytes % 8 != 0) {
        const mve_pred16_t tail = vctp16q((uint32_t)(bytes % 8));
        vstrbq_p_s16(output, vldrbq_gather_offset_z_s16(x, offsets, tail), tail);
    }
    return output + bytes % 8;
}

MCUGEN_KERNEL void mcugen_mve_transpose_s8(const struct mcugen_transpose_params *params, const int8_t *input,
                                           int8_t *output)
{
    const int32_t *const shape = params->shape, *const step = params->step;
    const uint16x8_t offsets = vmulq_n_u16(vidupq_n_u16(0, 1), (uint16_t)step[6]);
    for (int32_t i = 0; i < shape[0] * shape[1] * shape[2]; i++) {
        const int8_t *const outer = input + i / (shape[1] * shape[2]) * step[0] + i / shape[2] % shape[1] * step[1] +
                                    i % shape[2] * step[2];
        for (int32_t j = 0; j < shape[3]; j++) {
            for (int32_t k = 0; k < shape[4]; k++) {
                for (int32_t l = 0; l < shape[5]; l++) {
                    const int8_t *x = outer + j * step[3] + k * step[4] + l * step[5];
                    output = mcugen_mve_transpose_row(params, x, output, offsets);
                }
            }
        }
    }
}
