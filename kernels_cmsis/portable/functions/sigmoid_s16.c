/* The logistic function and the hyperbolic tangent of int16: the input in steps of 1 / 12288 looks up a table of
 * sigmoid(i / 24) - 1 / 2 with 16 fractional bits, for i from -256 to 256 and constant beyond 255, interpolated. Output may be
 * the input.
 *
 * The functions are odd (the logistic one about 1 / 2), and so is the table: below 0 the half that rounds is one less.
 */
#include "mcugen_requantize.h"
#include "portable/functions/sigmoid.h"

/* Beyond this step the logistic function is constant. */
enum { MCUGEN_LOGISTIC_END = (255 << 9) - 1 };

/* The entry of 0 and the one behind it; what is added before the last shift. */
struct mcugen_sigmoid_lines {
    const int16_t *here, *next;
    int32_t rounding;
};

/* Where the place is limited the line is level. */
MCUGEN_KERNEL int32_t mcugen_tanh_of_steps(const struct mcugen_sigmoid_lines *lines, int32_t x)
{
    const int32_t place = mcugen_saturate9(x >> 8), here = lines->here[place];
    const int32_t rising = (x & 0xff) * (lines->next[place] - here) + lines->rounding;
    return here + ((rising + (x >> 31)) >> 8);
}

MCUGEN_KERNEL int32_t mcugen_logistic_of_steps(const struct mcugen_sigmoid_lines *lines, int32_t x)
{
    const int32_t place = x >> 9, here = lines->here[place];
    const int32_t rising = (x & 0x1ff) * (lines->next[place] - here) + lines->rounding;
    return (here * (1 << 9) + rising + (x >> 31)) >> 10;
}

MCUGEN_KERNEL void mcugen_sigmoid_s16(const struct mcugen_sigmoid_params *params, const int16_t *input,
                                      const int16_t *table, int16_t *output)
{
    int32_t half = mcugen_sigmoid_half(params);
    const int32_t most = ((1 << 15) * params->multiplier + half) >> params->shift;
    struct mcugen_sigmoid_lines lines = {table + 256, table + 257,
                                         params->tangent ? 1 << 7 : (1 << 24) + (1 << 9)};
    MCUGEN_KEEP(lines.here);
    MCUGEN_KEEP(lines.next);
    MCUGEN_KEEP(lines.rounding);
    if (half != 0 && !MCUGEN_SMALL_CORE) {
        MCUGEN_KEEP(half);
    }
    MCUGEN_UNROLL(4)
    for (int32_t i = 0; i < params->elements; i++) {
        int32_t x = (input[i] * params->multiplier + half) >> params->shift;
        if (params->tangent) {
            output[i] = (int16_t)mcugen_tanh_of_steps(&lines, x);
            continue;
        }
        if (most > MCUGEN_LOGISTIC_END) {
            x = x < -MCUGEN_LOGISTIC_END ? -MCUGEN_LOGISTIC_END : x > MCUGEN_LOGISTIC_END ? MCUGEN_LOGISTIC_END : x;
        }
        output[i] = (int16_t)mcugen_logistic_of_steps(&lines, x);
    }
}
