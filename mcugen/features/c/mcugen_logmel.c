/* The Python twin is mcugen/features/logmel.py: the same operations in the same order. Right shifts of negative numbers are
 * arithmetic, as on every compiler for Cortex-M. */
#include "mcugen_logmel.h"

enum {
    TWIDDLE_BITS = 30,
    WEIGHT_BITS = 15,
    SUM_BITS = 48,
    LOG_BITS = 12,
    LOG_TABLE_BITS = 15,
    CEPSTRUM_BITS = 15,
};

struct complex {
    int32_t re, im;
};

/* (a + b + 1) >> 1, which needs no 33 bits: the common bits, and half of the others. */
static int32_t half_sum(int32_t a, int32_t b)
{
    return (a | b) - ((a ^ b) >> 1);
}

static int32_t half_difference(int32_t a, int32_t b)
{
    return half_sum(a, -b);
}

/* exp(-2 pi i turn / size) = re - i im, turn in 0 ... size / 2. */
static struct complex turn_of(const struct mcugen_logmel_tables *tables, uint32_t turn)
{
    const int32_t *cosine = tables->cosine;
    const uint32_t quarter = tables->size / 4u;
    if (turn <= quarter) {
        return (struct complex){cosine[turn], cosine[quarter - turn]};
    }
    return (struct complex){-cosine[2u * quarter - turn], cosine[turn - quarter]};
}

static struct complex rotated(struct complex value, struct complex turn)
{
    const int64_t rounding = INT64_C(1) << (TWIDDLE_BITS - 1);
    return (struct complex){
        (int32_t)((rounding + (int64_t)value.re * turn.re + (int64_t)value.im * turn.im) >> TWIDDLE_BITS),
        (int32_t)((rounding + (int64_t)value.im * turn.re - (int64_t)value.re * turn.im) >> TWIDDLE_BITS),
    };
}

/* Two samples of the window a number, in the order that the transform starts from. */
static void load(const struct mcugen_logmel *stream, struct complex *values)
{
    const struct mcugen_logmel_tables *tables = stream->tables;
    const uint32_t count = tables->size / 2u;
    uint32_t reversed = 0, place = stream->position;
    for (uint32_t k = 0; k < count; k++) {
        int32_t pair[2] = {0, 0};
        for (uint32_t part = 0; part < 2u && 2u * k + part < tables->length; part++) {
            pair[part] = (int32_t)stream->history[place] * tables->window[2u * k + part];
            place = place + 1u == tables->length ? 0u : place + 1u;
        }
        values[reversed] = (struct complex){pair[0], pair[1]};
        /* Adds one from the other end. */
        uint32_t bit = count >> 1;
        for (; (reversed & bit) != 0u; bit >>= 1) {
            reversed ^= bit;
        }
        reversed |= bit;
    }
}

/* The complex transform of size / 2 numbers; every step halves. */
static void transform(const struct mcugen_logmel_tables *tables, struct complex *values)
{
    const uint32_t count = tables->size / 2u;
    for (uint32_t span = 1; span < count; span *= 2u) {
        for (uint32_t k = 0; k < span; k++) {
            const struct complex turn = turn_of(tables, k * (count / span));
            for (uint32_t first = k; first < count; first += 2u * span) {
                struct complex *a = &values[first], *b = &values[first + span];
                const struct complex turned = rotated(*b, turn);
                *b = (struct complex){half_difference(a->re, turned.re), half_difference(a->im, turned.im)};
                *a = (struct complex){half_sum(a->re, turned.re), half_sum(a->im, turned.im)};
            }
        }
    }
}

/* One bin of the transform of the real samples: that of `value`, whose mirror image is `mirrored`. */
static struct complex bin(const struct mcugen_logmel_tables *tables, struct complex value, struct complex mirrored, uint32_t k)
{
    const struct complex even = {half_sum(value.re, mirrored.re), half_difference(value.im, mirrored.im)};
    const struct complex odd = {half_sum(value.im, mirrored.im), half_difference(mirrored.re, value.re)};
    const struct complex turned = rotated(odd, turn_of(tables, k));
    return (struct complex){half_sum(even.re, turned.re), half_sum(even.im, turned.im)};
}

/* Bins 0 ... size / 2, in place: the values have room for one more. */
static void separate(const struct mcugen_logmel_tables *tables, struct complex *values)
{
    const uint32_t count = tables->size / 2u;
    values[count] = values[0];
    for (uint32_t k = 0; k <= count - k; k++) {
        const struct complex value = values[k], mirrored = values[count - k];
        values[k] = bin(tables, value, mirrored, k);
        values[count - k] = bin(tables, mirrored, value, count - k);
    }
}

static uint32_t bit_length(uint64_t value)
{
    return value == 0u ? 0u : 64u - (uint32_t)__builtin_clzll(value);
}

/* log2 with LOG_BITS fractional bits; that of 0 is 0, as of 1. */
static int32_t log2_of(const struct mcugen_logmel_tables *tables, uint64_t value)
{
    if (value == 0u) {
        return 0;
    }
    const uint32_t exponent = bit_length(value) - 1u;
    const uint32_t mantissa = (uint32_t)((value << (63u - exponent)) >> 32) & UINT32_C(0x7fffffff);
    const uint16_t *entry = &tables->logarithm[mantissa >> 25];
    const uint32_t fraction = entry[0] + (((uint32_t)(entry[1] - entry[0]) * (mantissa >> 9 & 0xffffu)) >> 16);
    const uint32_t drop = LOG_TABLE_BITS - LOG_BITS;
    return (int32_t)((exponent << LOG_BITS) + ((fraction + (1u << (drop - 1u))) >> drop));
}

static uint64_t power(struct complex value)
{
    return (uint64_t)((int64_t)value.re * value.re + (int64_t)value.im * value.im);
}

/* The filters' logarithms, `band_count` of them. They may lie over the spectrum: filter m is complete behind bin m. */
static void logarithms(const struct mcugen_logmel_tables *tables, const struct complex *spectrum, int32_t *logs)
{
    const struct complex *bins = &spectrum[tables->first_bin];
    uint64_t sum = 0;
    for (uint32_t k = 0; k < tables->bin_count; k++) {
        sum += power(bins[k]);
    }
    const uint32_t bits = bit_length(sum), shift = bits > SUM_BITS ? bits - SUM_BITS : 0u;
    /* Bins are in the falling side of one filter and in the rising side of the next, `band`. */
    uint64_t falling = 0, rising = 0;
    uint32_t band = 0;
    for (uint32_t k = 0; k < tables->bin_count; k++) {
        const uint64_t value = power(bins[k]) >> shift;
        for (; band < tables->bands[k]; band++) {
            if (band > 0u) {
                logs[band - 1u] = log2_of(tables, falling) + (int32_t)(shift << LOG_BITS);
            }
            falling = rising;
            rising = 0;
        }
        rising += value * tables->weights[k];
        falling += value * ((1u << WEIGHT_BITS) - tables->weights[k]);
    }
    for (; band <= tables->band_count; band++) {
        if (band > 0u) {
            logs[band - 1u] = log2_of(tables, falling) + (int32_t)(shift << LOG_BITS);
        }
        falling = rising;
        rising = 0;
    }
}

void mcugen_logmel_reset(struct mcugen_logmel *stream)
{
    stream->position = 0;
    stream->missing = stream->tables->length;
}

size_t mcugen_logmel_push(struct mcugen_logmel *stream, const int16_t *samples, size_t count)
{
    const uint16_t length = stream->tables->length;
    if (stream->missing == 0u) {
        stream->missing = stream->tables->hop;
    }
    if (count > stream->missing) {
        count = stream->missing;
    }
    uint16_t position = stream->position;
    for (size_t k = 0; k < count; k++) {
        stream->history[position] = samples[k];
        position = (uint16_t)(position + 1u == length ? 0u : position + 1u);
    }
    stream->position = position;
    stream->missing = (uint16_t)(stream->missing - count);
    return count;
}

bool mcugen_logmel_ready(const struct mcugen_logmel *stream)
{
    return stream->missing == 0u;
}

/* Leaves the logarithms at the start of the work memory. */
static int32_t *work_of(struct mcugen_logmel *stream)
{
    const struct mcugen_logmel_tables *tables = stream->tables;
    struct complex *values = (struct complex *)(void *)stream->work;
    load(stream, values);
    transform(tables, values);
    separate(tables, values);
    logarithms(tables, values, stream->work);
    return stream->work;
}

static uint32_t value_count(const struct mcugen_logmel_tables *tables)
{
    return tables->coefficients != 0u ? tables->coefficients : tables->band_count;
}

static int32_t feature(const struct mcugen_logmel_tables *tables, const int32_t *logs, uint32_t index)
{
    if (tables->coefficients == 0u) {
        return logs[index];
    }
    const int16_t *row = &tables->transform[index * tables->band_count];
    int64_t sum = INT64_C(1) << (CEPSTRUM_BITS - 1);
    for (uint32_t m = 0; m < tables->band_count; m++) {
        sum += (int64_t)logs[m] * row[m];
    }
    return (int32_t)(sum >> CEPSTRUM_BITS);
}

void mcugen_logmel_frame(struct mcugen_logmel *stream, int32_t *features)
{
    const int32_t *logs = work_of(stream);
    for (uint32_t k = 0; k < value_count(stream->tables); k++) {
        features[k] = feature(stream->tables, logs, k);
    }
}

void mcugen_logmel_frame_s8(struct mcugen_logmel *stream, const struct mcugen_logmel_scale *scale, int8_t *features)
{
    const int32_t *logs = work_of(stream);
    for (uint32_t k = 0; k < value_count(stream->tables); k++) {
        const int64_t product = (int64_t)feature(stream->tables, logs, k) * scale->multiplier;
        const int64_t value = (product + scale->bias) >> scale->shift;
        features[k] = (int8_t)(value < INT8_MIN ? INT8_MIN : value > INT8_MAX ? INT8_MAX : value);
    }
}
