/* Integers of any size, combined in pairs: arithmetic that wraps, comparisons, extremes, bits. Booleans are bytes, 0 or 1. */
#include "portable/elementwise/broadcast.h"
#include "portable/integers.h"

/* Axes and steps count elements; operation: as listed below; swapped: input1 is the left operand; boolean: any result but
 * 0 becomes 1. */
struct mcugen_integer_params {
    int32_t shape[6], step0[6], step1[6];
    int32_t bytes0, bytes1, output_bytes;
    int32_t operation, swapped, boolean;
};

/* The order of OPERATIONS in mcugen/graph/ops/elementwise/integer.py. */
enum {
    MCUGEN_ADD, MCUGEN_SUB, MCUGEN_MUL, MCUGEN_FLOOR_DIVIDE, MCUGEN_REMAINDER, MCUGEN_MAXIMUM, MCUGEN_MINIMUM, MCUGEN_AND,
    MCUGEN_OR, MCUGEN_XOR, MCUGEN_EQ, MCUGEN_NE, MCUGEN_LT, MCUGEN_LE, MCUGEN_GT, MCUGEN_GE
};

/* a / b towards minus infinity; 0 where b is 0. The smallest number divided by -1 wraps. */
MCUGEN_KERNEL int64_t mcugen_floor_divide(int64_t a, int64_t b)
{
    if (b == 0) {
        return 0;
    }
    if (b == -1) {
        return (int64_t)(0u - (uint64_t)a);
    }
    const int64_t quotient = a / b;
    return quotient * b != a && (a < 0) != (b < 0) ? quotient - 1 : quotient;
}

MCUGEN_KERNEL int64_t mcugen_combine(int32_t operation, int64_t a, int64_t b)
{
    switch (operation) {
    case MCUGEN_ADD: return (int64_t)((uint64_t)a + (uint64_t)b);
    case MCUGEN_SUB: return (int64_t)((uint64_t)a - (uint64_t)b);
    case MCUGEN_MUL: return (int64_t)((uint64_t)a * (uint64_t)b);
    case MCUGEN_FLOOR_DIVIDE: return mcugen_floor_divide(a, b);
    case MCUGEN_REMAINDER: return b == 0 ? 0 : (int64_t)((uint64_t)a - (uint64_t)mcugen_floor_divide(a, b) * (uint64_t)b);
    case MCUGEN_MAXIMUM: return a > b ? a : b;
    case MCUGEN_MINIMUM: return a < b ? a : b;
    case MCUGEN_AND: return a & b;
    case MCUGEN_OR: return a | b;
    case MCUGEN_XOR: return a ^ b;
    case MCUGEN_EQ: return a == b;
    case MCUGEN_NE: return a != b;
    case MCUGEN_LT: return a < b;
    case MCUGEN_LE: return a <= b;
    case MCUGEN_GT: return a > b;
    default: return a >= b;
    }
}

MCUGEN_KERNEL int8_t *mcugen_integer_row(const struct mcugen_integer_params *params, const int8_t *input0,
                                         const int8_t *input1, int8_t *output)
{
    for (int32_t i = 0; i < params->shape[5]; i++) {
        const int64_t a = mcugen_load_integer(input0, params->bytes0), b = mcugen_load_integer(input1, params->bytes1);
        const int64_t value = mcugen_combine(params->operation, params->swapped ? b : a, params->swapped ? a : b);
        mcugen_store_integer(output, params->boolean ? value != 0 : value, params->output_bytes);
        output += params->output_bytes;
        input0 += params->step0[5] * params->bytes0;
        input1 += params->step1[5] * params->bytes1;
    }
    return output;
}

/* The start of a row of elements of some bytes. */
#define MCUGEN_INTEGER_ROW(row, input, bytes) ((input) + ((row) - (input)) * (bytes))

MCUGEN_KERNEL void mcugen_integer(const struct mcugen_integer_params *params, const int8_t *input0,
                                  const int8_t *input1, int8_t *output)
{
    MCUGEN_EACH_ROW(params, input0, input1,
                    output = mcugen_integer_row(params, MCUGEN_INTEGER_ROW(row0, input0, params->bytes0),
                                                MCUGEN_INTEGER_ROW(row1, input1, params->bytes1), output))
}
