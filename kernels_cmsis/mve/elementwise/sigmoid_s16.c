/* The logistic function and the hyperbolic tangent of int16 in lanes: the bits of portable/functions/sigmoid_s16.c, from a
 * table with its last entry twice. Output may be the input.
 *
 * The magnitude is limited to the last entry, and the value of the logistic function to what it has beyond: the entry
 * before, which is that value already, gives no other bits for what lies between. Where x < 0 the function is mirrored, and
 * the half that rounds is one less.
 */
#include "mve/vectors.h"
#include "portable/functions/sigmoid.h"

MCUGEN_KERNEL int32x4_t mcugen_mve_sigmoid(const struct mcugen_sigmoid_params *params, int32x4_t input,
                                           const uint16_t *table)
{
    const int32_t bits = params->tangent ? 8 : 9, half = mcugen_sigmoid_half(params);
    int32x4_t x = vmlasq_n_s32(input, vdupq_n_s32(params->multiplier), half);
    x = params->shift == 0 ? x : vshlq_r_s32(x, -params->shift);
    const int32x4_t sign = vshrq_n_s32(x, 31);
    const int32x4_t magnitude = vminq_s32(vsubq_s32(veorq_s32(x, sign), sign), vdupq_n_s32(255 << bits));
    const uint32x4_t place = vreinterpretq_u32_s32(params->tangent ? vshrq_n_s32(magnitude, 8)
                                                                   : vshrq_n_s32(magnitude, 9));
    const int32x4_t here = vreinterpretq_s32_u32(vldrhq_gather_shifted_offset_u32(table, place));
    const int32x4_t next = vreinterpretq_s32_u32(vldrhq_gather_shifted_offset_u32(table + 1, place));
    const int32x4_t rest = vandq_s32(magnitude, vdupq_n_s32((1 << bits) - 1));
    const int32x4_t slope = vmulq_s32(vsubq_s32(next, here), rest);
    if (params->tangent) {
        const int32x4_t value = vaddq_n_s32(vaddq_s32(vshlq_n_s32(here, 8), slope), -(1 << 23));
        return vshrq_n_s32(vaddq_n_s32(veorq_s32(value, sign), 1 << 7), 8);
    }
    const int32x4_t limited = vminq_s32(vaddq_s32(vshlq_n_s32(here, 9), slope), vdupq_n_s32(0x7fff << 10));
    const int32x4_t value = vaddq_n_s32(limited, -(1 << 24));
    return vshrq_n_s32(vaddq_n_s32(veorq_s32(value, sign), (1 << 24) + (1 << 9)), 10);
}

MCUGEN_KERNEL void mcugen_mve_sigmoid_s16(const struct mcugen_sigmoid_params *params, const int16_t *input,
                                          const uint16_t *table, int16_t *output)
{
    for (int32_t left = params->elements / 4; left > 0; left--) {
        vstrhq_s32(output, mcugen_mve_sigmoid(params, vldrhq_s32(input), table));
        input += 4;
        output += 4;
    }
    if (params->elements % 4 != 0) {
        const mve_pred16_t tail = vctp32q((uint32_t)(params->elements % 4));
        vstrhq_p_s32(output, mcugen_mve_sigmoid(params, vldrhq_z_s32(input, tail), table), tail);
    }
}
