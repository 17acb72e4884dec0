/* Copies; for a reshape whose input and output cannot be one buffer. */
#include "portable/bytes.h"

/* elements: bytes. */
struct mcugen_copy_params {
    int32_t elements;
};

MCUGEN_KERNEL void mcugen_copy_s8(const struct mcugen_copy_params *params, const int8_t *input, int8_t *output)
{
    (void)mcugen_copy(output, input, params->elements);
}
