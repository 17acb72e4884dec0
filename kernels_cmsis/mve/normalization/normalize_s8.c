/* Rows normalized by their own statistics: mcugen_normalize_s8 of the portable library in lanes. The output may be the
 * input, or lie lower.
 *
 * Products of 64 bits are taken as their upper halves. That is exact where what they are shifted by has 33 bits or more: so
 * differences are shifted up before, for which there is room, since none exceeds sqrt(n * v).
 */
#include "mve/elementwise/lanes.h"
#include "portable/normalization/roots.h"

/* Sums of squares that 32 bits hold, with room to spare. */
enum { MCUGEN_MVE_SQUARES = 65536 };

/* The sum of a row's elements and that of their squares. */
struct mcugen_mve_moments {
    int32_t sum;
    int64_t squares;
};

MCUGEN_KERNEL struct mcugen_mve_moments mcugen_mve_moments_s8(const int8_t *input, int32_t elements)
{
    struct mcugen_mve_moments moments = {0, 0};
    while (elements > 0) {
        int32_t left = elements < MCUGEN_MVE_SQUARES ? elements : MCUGEN_MVE_SQUARES, squares = 0;
        elements -= left;
        for (; left >= 16; left -= 16) {
            const int8x16_t x = vldrbq_s8(input);
            moments.sum = vaddvaq_s8(moments.sum, x);
            squares = vmladavaq_s8(squares, x, x);
            input += 16;
        }
        if (left > 0) {
            const int8x16_t x = vldrbq_z_s8(input, vctp8q((uint32_t)left));
            moments.sum = vaddvaq_s8(moments.sum, x);
            squares = vmladavaq_s8(squares, x, x);
            input += left;
        }
        moments.squares += squares;
    }
    return moments;
}

MCUGEN_KERNEL struct mcugen_mve_moments mcugen_mve_moments_s16(const int16_t *input, int32_t elements)
{
    struct mcugen_mve_moments moments = {0, 0};
    for (; elements >= 8; elements -= 8) {
        const int16x8_t x = vldrhq_s16(input);
        moments.sum = vaddvaq_s16(moments.sum, x);
        moments.squares = vmlaldavaq_s16(moments.squares, x, x);
        input += 8;
    }
    if (elements > 0) {
        const int16x8_t x = vldrhq_z_s16(input, vctp16q((uint32_t)elements));
        moments.sum = vaddvaq_s16(moments.sum, x);
        moments.squares = vmlaldavaq_s16(moments.squares, x, x);
    }
    return moments;
}

/* How differences become values with 16 fractional bits: d = size * x - total, shifted left, the upper half of its product
 * with `inverse` shifted right, rounded. */
struct mcugen_mve_divisor {
    int32_t size, total, left, inverse, right;
};

MCUGEN_KERNEL struct mcugen_mve_divisor mcugen_mve_row_divisor(const struct mcugen_normalize_params *params,
                                                               const int8_t *input, int32_t size)
{
    const struct mcugen_mve_moments moments = params->input_bytes == 1
                                                  ? mcugen_mve_moments_s8(input, size)
                                                  : mcugen_mve_moments_s16((const int16_t *)(const void *)input, size);
    /* Of elements less the zero point. */
    const int32_t zero_point = params->zero_point, sum = moments.sum - size * zero_point;
    const int64_t squares = moments.squares - (int64_t)zero_point * (2 * (int64_t)moments.sum - (int64_t)size * zero_point);
    struct mcugen_mve_divisor divisor = {.size = size, .total = params->centered ? sum : 0};
    int32_t shift;
    uint32_t inverse = mcugen_normalize_divisor(params, size, squares, divisor.total, &shift);
    divisor.total += size * zero_point;
    divisor.left = shift < 33 ? 33 - shift : 0;
    divisor.right = (shift < 33 ? 33 : shift) - 32;
    if (inverse > INT32_MAX) {
        /* 2**31 */
        inverse >>= 1;
        divisor.left++;
    }
    divisor.inverse = (int32_t)inverse;
    return divisor;
}

MCUGEN_KERNEL int32x4_t mcugen_mve_normalized(const int8_t *input, int32_t bytes, const struct mcugen_mve_divisor *divisor,
                                              mve_pred16_t active, int partly)
{
    const int16_t *const halves = (const int16_t *)(const void *)input;
    int32x4_t x;
    if (bytes == 1) {
        x = partly ? vldrbq_z_s32(input, active) : vldrbq_s32(input);
    } else {
        x = partly ? vldrhq_z_s32(halves, active) : vldrhq_s32(halves);
    }
    const int32x4_t difference = vmlasq_n_s32(x, vdupq_n_s32(divisor->size), -divisor->total);
    const int32x4_t upper = vmulhq_s32(vshlq_r_s32(difference, divisor->left), vdupq_n_s32(divisor->inverse));
    return vrshlq_n_s32(upper, -divisor->right);
}

/* (t * factor + offset * 2**(shift - 16)) / 2**shift, rounded, ties up, as int8: of 2**(33 - shift) times t, so that the
 * divisor is 2**33. The lower half of the product and that of the offset may carry into the upper ones. */
MCUGEN_KERNEL int32x4_t mcugen_mve_affine(int32x4_t t, int32x4_t factors, int32x4_t offsets, int32_t shift)
{
    const struct mcugen_mve_output out = {0, INT8_MIN, INT8_MAX, 0};
    const int32x4_t scaled = vshlq_r_s32(t, 33 - shift);
    const uint32x4_t lower = vreinterpretq_u32_s32(vmulq_s32(scaled, factors));
    const uint32x4_t halved = vhaddq_u32(lower, vreinterpretq_u32_s32(vshlq_n_s32(offsets, 17)));
    const int32x4_t carry = vreinterpretq_s32_u32(vshrq_n_u32(halved, 31));
    const int32x4_t upper = vaddq_s32(vaddq_s32(vmulhq_s32(scaled, factors), vshrq_n_s32(offsets, 15)), carry);
    return mcugen_mve_clamp(vrshrq_n_s32(upper, 1), &out);
}

/* Up to four elements of a row with factors and offsets of their own, or (step 0) the same ones. */
MCUGEN_KERNEL void mcugen_mve_normalize_lanes(const struct mcugen_normalize_params *params, const int8_t *input,
                                              const struct mcugen_mve_divisor *divisor, const int32_t *factors,
                                              const int32_t *offsets, int step, int8_t *output, int32_t lanes,
                                              int partly)
{
    const mve_pred16_t active = partly ? vctp32q((uint32_t)lanes) : 0;
    const int32x4_t t = mcugen_mve_normalized(input, params->input_bytes, divisor, active, partly);
    int32x4_t factor, offset;
    if (step == 0) {
        factor = vdupq_n_s32(*factors);
        offset = vdupq_n_s32(*offsets);
    } else {
        factor = partly ? vldrwq_z_s32(factors, active) : vldrwq_s32(factors);
        offset = partly ? vldrwq_z_s32(offsets, active) : vldrwq_s32(offsets);
    }
    mcugen_mve_results(output, mcugen_mve_affine(t, factor, offset, params->shift), lanes, partly);
}

/* `elements` neighbours; returns the end of their outputs. */
MCUGEN_KERNEL int8_t *mcugen_mve_normalize_run(const struct mcugen_normalize_params *params, const int8_t *input,
                                               const struct mcugen_mve_divisor *divisor, const int32_t *factors,
                                               const int32_t *offsets, int step, int8_t *output, int32_t elements)
{
    for (int32_t left = elements / 4; left > 0; left--) {
        mcugen_mve_normalize_lanes(params, input, divisor, factors, offsets, step, output, 4, 0);
        input += 4 * params->input_bytes;
        factors += 4 * step;
        offsets += 4 * step;
        output += 4;
    }
    if (elements % 4 != 0) {
        mcugen_mve_normalize_lanes(params, input, divisor, factors, offsets, step, output, elements % 4, 1);
    }
    return output + elements % 4;
}

MCUGEN_KERNEL void mcugen_mve_normalize_s8(const struct mcugen_normalize_params *params, const void *input,
                                           const int32_t *factors, const int32_t *offsets, int8_t *output)
{
    const int8_t *x = input;
    const int32_t size = params->groups * params->repeat, last = params->periods * params->groups;
    int32_t at = 0;
    for (int32_t row = 0; row < params->rows; row++) {
        const struct mcugen_mve_divisor divisor = mcugen_mve_row_divisor(params, x, size);
        if (params->repeat == 1) {
            output = mcugen_mve_normalize_run(params, x, &divisor, factors + at, offsets + at, 1, output, size);
        } else {
            for (int32_t g = 0; g < params->groups; g++) {
                output = mcugen_mve_normalize_run(params, x + g * params->repeat * params->input_bytes, &divisor,
                                                  factors + at + g, offsets + at + g, 0, output, params->repeat);
            }
        }
        x += size * params->input_bytes;
        at = at + params->groups == last ? 0 : at + params->groups;
    }
}
