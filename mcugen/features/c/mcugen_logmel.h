/* Log-mel frames and cepstral coefficients of 16-bit audio, hop by hop, in integer arithmetic: no floating point, no heap.
 *
 * Tables and sizes of one front end come from `mcugen.features.write()`, whose Python twin gives the same integers.
 */
#ifndef MCUGEN_LOGMEL_H
#define MCUGEN_LOGMEL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/* Tables of one front end, all in flash. */
struct mcugen_logmel_tables {
    const int16_t *window;    /* `length` values, 15 fractional bits */
    const int32_t *cosine;    /* a quarter of a turn in `size` / 4 + 1 values, 30 fractional bits */
    const uint16_t *logarithm; /* log2(1 + i / 64), i = 0 ... 64, 15 fractional bits */
    const uint16_t *weights;  /* of each bin from `first_bin`, in the rising side of its filter, 15 fractional bits */
    const uint8_t *bands;     /* that filter */
    const int16_t *transform; /* `coefficients` rows of `band_count`, 15 fractional bits; null without them */
    uint16_t length;          /* samples in a frame */
    uint16_t hop;             /* samples from one frame's start to the next */
    uint16_t size;            /* of the Fourier transform, a power of two */
    uint16_t first_bin;
    uint16_t bin_count;
    uint16_t band_count;
    uint16_t coefficients;
};

/* From features of 1/4096 to the int8 values of a model's input: (value * multiplier + bias) >> shift, saturated. */
struct mcugen_logmel_scale {
    int64_t bias;
    int32_t multiplier;
    int32_t shift;
};

/* One stream of audio. Set the pointers once; mcugen_logmel_reset() does the rest. */
struct mcugen_logmel {
    const struct mcugen_logmel_tables *tables;
    int16_t *history;  /* `length` samples, a ring */
    int32_t *work;     /* `size` + 2 numbers, used during mcugen_logmel_frame() alone: streams may share it */
    uint16_t position; /* of the oldest sample */
    uint16_t missing;  /* samples until the next frame */
};

/* Starts anew, as with silence never heard: the first frame needs `length` samples. */
void mcugen_logmel_reset(struct mcugen_logmel *stream);

/* Takes samples up to the end of the next frame. Returns how many it took: all of them, or as many as complete the frame, which
 * mcugen_logmel_ready() then tells. Call it again for the rest after the frame was computed; a frame that is not asked for is
 * passed over. */
size_t mcugen_logmel_push(struct mcugen_logmel *stream, const int16_t *samples, size_t count);

/* Whether a frame is complete and no sample behind it has been taken. */
bool mcugen_logmel_ready(const struct mcugen_logmel *stream);

/* The features of the last `length` samples, as integers of 1/4096: `coefficients` of them, or without those `band_count`. */
void mcugen_logmel_frame(struct mcugen_logmel *stream, int32_t *features);

/* The same as int8 values for a model's input. */
void mcugen_logmel_frame_s8(struct mcugen_logmel *stream, const struct mcugen_logmel_scale *scale, int8_t *features);

#ifdef __cplusplus
}
#endif

#endif
