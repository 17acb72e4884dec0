/* Element by element: four lanes of int32, or sixteen bytes, at a time. What is left over is a vector with a predicate. */
#ifndef MCUGEN_MVE_ELEMENTWISE_LANES_H
#define MCUGEN_MVE_ELEMENTWISE_LANES_H

#include "mve/requantize.h"

/* Four elements `step` (0 or 1) apart; `lanes` of them when `partly`. */
MCUGEN_KERNEL int32x4_t mcugen_mve_elements(const int8_t *input, int32_t step, int32_t lanes, int partly)
{
    if (step == 0) {
        return vdupq_n_s32(*input);
    }
    return partly ? vldrbq_z_s32(input, vctp32q((uint32_t)lanes)) : vldrbq_s32(input);
}

MCUGEN_KERNEL void mcugen_mve_results(int8_t *output, int32x4_t results, int32_t lanes, int partly)
{
    if (partly) {
        vstrbq_p_s32(output, results, vctp32q((uint32_t)lanes));
    } else {
        vstrbq_s32(output, results);
    }
}

/* Up to four elements of 1, 2 or 4 bytes. */
MCUGEN_KERNEL int32x4_t mcugen_mve_load_wide(const int8_t *input, int32_t bytes, mve_pred16_t active, int partly)
{
    const int16_t *const halves = (const int16_t *)(const void *)input;
    const int32_t *const words = (const int32_t *)(const void *)input;
    switch (bytes) {
    case 4: return partly ? vldrwq_z_s32(words, active) : vldrwq_s32(words);
    case 2: return partly ? vldrhq_z_s32(halves, active) : vldrhq_s32(halves);
    default: return partly ? vldrbq_z_s32(input, active) : vldrbq_s32(input);
    }
}

MCUGEN_KERNEL void mcugen_mve_store_wide(int8_t *output, int32x4_t values, int32_t bytes, mve_pred16_t active)
{
    switch (bytes) {
    case 4: vstrwq_p_s32((int32_t *)(void *)output, values, active); break;
    case 2: vstrhq_p_s32((int16_t *)(void *)output, values, active); break;
    default: vstrbq_p_s32(output, values, active); break;
    }
}

MCUGEN_KERNEL void mcugen_mve_store_wide_4(int8_t *output, int32x4_t values, int32_t bytes)
{
    switch (bytes) {
    case 4: vstrwq_s32((int32_t *)(void *)output, values); break;
    case 2: vstrhq_s32((int16_t *)(void *)output, values); break;
    default: vstrbq_s32(output, values); break;
    }
}

/* As mcugen_mve_elements and mcugen_mve_results, of elements of 1 or 2 bytes. */
MCUGEN_KERNEL int32x4_t mcugen_mve_wide_elements(const int8_t *input, int32_t bytes, int32_t step, int32_t lanes,
                                                 int partly)
{
    if (step == 0) {
        return vdupq_n_s32(bytes == 2 ? *(const int16_t *)(const void *)input : *input);
    }
    return mcugen_mve_load_wide(input, bytes, partly ? vctp32q((uint32_t)lanes) : 0, partly);
}

MCUGEN_KERNEL void mcugen_mve_wide_results(int8_t *output, int32x4_t results, int32_t bytes, int32_t lanes, int partly)
{
    if (partly) {
        mcugen_mve_store_wide(output, results, bytes, vctp32q((uint32_t)lanes));
    } else {
        mcugen_mve_store_wide_4(output, results, bytes);
    }
}

/* Runs `result` for each vector of the innermost axis of `count` elements of `bytes`: of `lanes` elements, less than four
 * when `partly`. Then the pointers go on. */
#define MCUGEN_MVE_EACH_VECTOR(count, bytes, step0, step1, input0, input1, output, result)                             \
    for (int32_t left = (count) / 4; left > 0; left--) {                                                               \
        const int32_t lanes = 4, partly = 0;                                                                           \
        result;                                                                                                        \
        (input0) += 4 * (bytes) * (step0);                                                                             \
        (input1) += 4 * (bytes) * (step1);                                                                             \
        (output) += 4 * (bytes);                                                                                       \
    }                                                                                                                  \
    if ((count) % 4 != 0) {                                                                                            \
        const int32_t lanes = (count) % 4, partly = 1;                                                                 \
        result;                                                                                                        \
        (output) += lanes * (bytes);                                                                                   \
    }

/* x * multiplier * 2**(shift - 31), rounded twice, for a shift of 0 or below and a multiplier of any sign. */
MCUGEN_KERNEL int32x4_t mcugen_mve_scale(int32x4_t x, int32_t multiplier, int32_t shift)
{
    const int32x4_t product = vqrdmulhq_n_s32(x, multiplier);
    if (shift == 0) {
        return product;
    }
    if (multiplier < 0) {
        return vrshlq_n_s32(vaddq_s32(product, vshrq_n_s32(product, 31)), shift);
    }
    return vrshlq_n_s32(vqrdmlahq_n_s32(vshrq_n_s32(x, 31), x, multiplier), shift);
}

#endif
