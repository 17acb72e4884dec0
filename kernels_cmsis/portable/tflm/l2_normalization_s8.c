/* Rows divided by their Euclidean norm; the arithmetic is that of mcugen/graph/ops/tflm/l2_normalization.py. The output
 * may be the input. */
#include "portable/tflm/fixed_point.h"

struct mcugen_l2_normalization_params {
    int32_t rows, row_elements;
    int32_t input_zero_point;
};

MCUGEN_KERNEL void mcugen_l2_normalization_s8(const struct mcugen_l2_normalization_params *params, const int8_t *input,
                                              int8_t *output)
{
    for (int32_t row = 0; row < params->rows; row++) {
        int32_t squares = 0, shift;
        for (int32_t i = 0; i < params->row_elements; i++) {
            const int32_t value = input[i] - params->input_zero_point;
            squares += value * value;
        }
        const int32_t multiplier = mcugen_inverse_square_root(squares, &shift);
        for (int32_t i = 0; i < params->row_elements; i++) {
            const int32_t value = mcugen_requantize(input[i] - params->input_zero_point, multiplier, shift + 7);
            output[i] = mcugen_to_int8(value, 0, INT8_MIN, INT8_MAX);
        }
        input += params->row_elements;
        output += params->row_elements;
    }
}
