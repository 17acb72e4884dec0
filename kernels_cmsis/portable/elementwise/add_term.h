/* One input of an addition. */
#ifndef MCUGEN_PORTABLE_ADD_TERM_H
#define MCUGEN_PORTABLE_ADD_TERM_H

#include "mcugen_requantize.h"

/* An input element on the common scale. */
MCUGEN_KERNEL int32_t mcugen_add_term(int32_t x, int32_t zero_point, int32_t left_shift, int32_t multiplier,
                                      int32_t shift)
{
    return mcugen_requantize((x - zero_point) * (1 << left_shift), multiplier, shift);
}

#endif
