/* Four rows of an image as one strip of words: a channel's bytes of the four rows, column after column. */
#ifndef MCUGEN_MVE_STRIPS_H
#define MCUGEN_MVE_STRIPS_H

#include "mve/copy.h"

/* Where four rows are read, and the bytes from one column of each to the next. */
struct mcugen_mve_rows {
    const int8_t *row[4];
    int32_t step[4];
};

/* Sixteen channels of one column, or those of `active` when `partly`. */
MCUGEN_KERNEL void mcugen_mve_interleave_column(int8_t *strip, const int8_t *row0, const int8_t *row1,
                                                const int8_t *row2, const int8_t *row3, mve_pred16_t active,
                                                int partly)
{
#if MCUGEN_MVE_ALL_REGISTERS
    /* GCC moves groups of four vectors about, and reserves room for them on the stack. */
#define MCUGEN_MVE_STORE_FOUR                 \
    "vst40.8 {q0, q1, q2, q3}, [%0]\n\t"      \
    "vst41.8 {q0, q1, q2, q3}, [%0]\n\t"      \
    "vst42.8 {q0, q1, q2, q3}, [%0]\n\t"      \
    "vst43.8 {q0, q1, q2, q3}, [%0]"
    if (partly) {
        __asm__ volatile("vmsr p0, %5\n\tvpstttt\n\t"
                         "vldrbt.8 q0, [%1]\n\t"
                         "vldrbt.8 q1, [%2]\n\t"
                         "vldrbt.8 q2, [%3]\n\t"
                         "vldrbt.8 q3, [%4]\n\t" MCUGEN_MVE_STORE_FOUR
                         :
                         : "r"(strip), "r"(row0), "r"(row1), "r"(row2), "r"(row3), "r"((uint32_t)active)
                         : "q0", "q1", "q2", "q3", "p0", "memory");
    } else {
        __asm__ volatile("vldrb.8 q0, [%1]\n\t"
                         "vldrb.8 q1, [%2]\n\t"
                         "vldrb.8 q2, [%3]\n\t"
                         "vldrb.8 q3, [%4]\n\t" MCUGEN_MVE_STORE_FOUR
                         :
                         : "r"(strip), "r"(row0), "r"(row1), "r"(row2), "r"(row3)
                         : "q0", "q1", "q2", "q3", "memory");
    }
#undef MCUGEN_MVE_STORE_FOUR
#else
    int8x16x4_t four;
    if (partly) {
        four.val[0] = vldrbq_z_s8(row0, active);
        four.val[1] = vldrbq_z_s8(row1, active);
        four.val[2] = vldrbq_z_s8(row2, active);
        four.val[3] = vldrbq_z_s8(row3, active);
    } else {
        four.val[0] = vldrbq_s8(row0);
        four.val[1] = vldrbq_s8(row1);
        four.val[2] = vldrbq_s8(row2);
        four.val[3] = vldrbq_s8(row3);
    }
    vst4q_s8(strip, four);
#endif
}

/* Interleaves `channels` channels; 4 * group bytes from one column of the strip to the next. The last column ends up to
 * 64 - 4 * group bytes beyond the strip. `partly`: 1 when 16 channels may be more than there are. */
MCUGEN_KERNEL void mcugen_mve_interleave(struct mcugen_mve_rows *rows, int8_t *strip, int32_t pad_left, int32_t width,
                                         int32_t columns, int32_t group, int32_t channels, int32_t partly,
                                         int32_t zero_point)
{
    const int32_t before = pad_left < columns ? pad_left : columns;
    const int32_t inside = columns - before < width ? columns - before : width;
    const mve_pred16_t active = vctp8q((uint32_t)channels);
    const int8_t *row0 = rows->row[0], *row1 = rows->row[1], *row2 = rows->row[2], *row3 = rows->row[3];
    mcugen_mve_fill(strip, zero_point, 4 * group * before);
    strip += 4 * group * before;
    for (int32_t left = inside; left > 0; left--) {
        mcugen_mve_interleave_column(strip, row0, row1, row2, row3, active, partly);
        row0 += rows->step[0];
        row1 += rows->step[1];
        row2 += rows->step[2];
        row3 += rows->step[3];
        strip += 4 * group;
    }
    mcugen_mve_fill(strip, zero_point, 4 * group * (columns - before - inside));
}

/* Farthest immediate offset of a gather load. */
enum { MCUGEN_MVE_FARTHEST = 508 };

/* Offsets of four words `step` bytes apart. */
struct mcugen_mve_spread {
#if MCUGEN_HAS_MVE
    uint32x4_t offsets;
#else
    int32_t step;
#endif
};

/* Where four such words are, as a vector of bytes. */
struct mcugen_mve_gathered {
#if MCUGEN_HAS_MVE
    uint32x4_t addresses;
#else
    const int8_t *base;
    int32_t step;
#endif
};

MCUGEN_KERNEL struct mcugen_mve_spread mcugen_mve_spread(int32_t step)
{
#if MCUGEN_HAS_MVE
    const uint32_t distance = (uint32_t)step;
    const uint32_t offsets[4] = {0, distance, 2 * distance, 3 * distance};
    const struct mcugen_mve_spread spread = {vldrwq_u32(offsets)};
#else
    const struct mcugen_mve_spread spread = {step};
#endif
    return spread;
}

MCUGEN_KERNEL struct mcugen_mve_gathered mcugen_mve_gathered_start(const int8_t *base, struct mcugen_mve_spread spread)
{
#if MCUGEN_HAS_MVE
    const struct mcugen_mve_gathered start = {vaddq_n_u32(spread.offsets, (uint32_t)base)};
#else
    const struct mcugen_mve_gathered start = {base, spread.step};
#endif
    return start;
}

/* `bytes` further. */
MCUGEN_KERNEL struct mcugen_mve_gathered mcugen_mve_gathered_plus(struct mcugen_mve_gathered from, int32_t bytes)
{
#if MCUGEN_HAS_MVE
    from.addresses = vaddq_n_u32(from.addresses, (uint32_t)bytes);
#else
    from.base += bytes;
#endif
    return from;
}

/* `offset`: a constant multiple of 4, at most MCUGEN_MVE_FARTHEST. */
MCUGEN_KERNEL int8x16_t mcugen_mve_gathered_at(const struct mcugen_mve_gathered *from, int32_t offset)
{
    int8x16_t words;
#if MCUGEN_MVE_ALL_REGISTERS
    if (__builtin_constant_p(offset)) {
        __asm__ volatile("vldrw.u32 %q0, [%q1, %2]" : "=&w"(words) : "w"(from->addresses), "i"(offset) : "memory");
        return words;
    }
#endif
#if MCUGEN_HAS_MVE
    words = vreinterpretq_s8_s32(vldrwq_gather_base_s32(vaddq_n_u32(from->addresses, (uint32_t)offset), 0));
#else
    for (int i = 0; i < 4; i++) {
        memcpy(words.lane + 4 * i, from->base + offset + i * from->step, 4);
    }
#endif
    return words;
}

/* The same, and `from` is `offset` bytes further afterwards. */
MCUGEN_KERNEL int8x16_t mcugen_mve_gathered_next(struct mcugen_mve_gathered *from, int32_t offset)
{
#if MCUGEN_MVE_ALL_REGISTERS
    if (__builtin_constant_p(offset)) {
        int8x16_t words;
        __asm__ volatile("vldrw.u32 %q0, [%q1, %2]!"
                         : "=&w"(words), "+w"(from->addresses)
                         : "i"(offset)
                         : "memory");
        return words;
    }
#endif
    *from = mcugen_mve_gathered_plus(*from, offset);
    return mcugen_mve_gathered_at(from, 0);
}

#endif
