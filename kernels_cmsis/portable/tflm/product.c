/* Products along axes, rounded after each factor; the arithmetic is that of mcugen/graph/ops/tflm/product.py. */
#include "mcugen_requantize.h"
#include "portable/integers.h"
#include "portable/reduction/reduce.h"

/* multiplier: of 16 bits; right: 8 to 46. */
struct mcugen_litert_product_params {
    int32_t shape[7];
    int32_t element_bytes;
    int32_t input_zero_point, output_zero_point;
    int32_t multiplier, right;
    int32_t clamp_min, clamp_max;
};

/* Rounded once, ties up; saturated to 32 bits. */
MCUGEN_KERNEL int64_t mcugen_litert_product_scaled(const struct mcugen_litert_product_params *params, int64_t x)
{
    const int64_t value = (x * params->multiplier + (INT64_C(1) << (params->right - 1))) >> params->right;
    return value < INT32_MIN ? INT32_MIN : value > INT32_MAX ? INT32_MAX : value;
}

MCUGEN_KERNEL int64_t mcugen_litert_product_of(const struct mcugen_litert_product_params *params, const int8_t *input)
{
    int64_t product = 0;
    int32_t first = 1;
    MCUGEN_EACH_ELEMENT(params->shape, {
        const int64_t x = mcugen_load_integer(input + offset * params->element_bytes, params->element_bytes) -
                          params->input_zero_point;
        product = first ? x : mcugen_litert_product_scaled(params, product * x);
        first = 0;
    })
    return mcugen_litert_product_scaled(params, product);
}

MCUGEN_KERNEL void mcugen_litert_product(const struct mcugen_litert_product_params *params, const int8_t *input,
                                         int8_t *output)
{
    MCUGEN_EACH_RESULT(params->shape, {
        const int64_t value = mcugen_litert_product_of(params, input + first * params->element_bytes);
        mcugen_store_integer(
            output, mcugen_to_integer(value, params->output_zero_point, params->clamp_min, params->clamp_max),
            params->element_bytes);
        output += params->element_bytes;
    })
}
