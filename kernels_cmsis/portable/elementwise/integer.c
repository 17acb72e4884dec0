/* Integers of any size, combined in pairs: arithmetic that wraps, comparisons, extremes, bits. Booleans are bytes, 0 or 1. */
#include "portable/elementwise/broadcast.h"
#include "portable/elementwise/params.h"
#include "portable/integers.h"

/* The order of OPERATIONS in mcugen/graph/ops/elementwise/integer.py. */
enum {
    MCUGEN_ADD, MCUGEN_SUB, MCUGEN_MUL, MCUGEN_FLOOR_DIVIDE, MCUGEN_REMAINDER, MCUGEN_MAXIMUM, MCUGEN_MINIMUM, MCUGEN_AND,
    MCUGEN_OR, MCUGEN_XOR, MCUGEN_EQ, MCUGEN_NE, MCUGEN_LT, MCUGEN_LE, MCUGEN_GT, MCUGEN_GE, MCUGEN_TRUNC_DIVIDE,
    MCUGEN_FMOD, MCUGEN_LEFT_SHIFT, MCUGEN_RIGHT_SHIFT
};

/* a / b towards zero; 0 where b is 0. The smallest number divided by -1 wraps. Elements of `bytes` bytes: 32 bits are
 * divided by an instruction. */
MCUGEN_KERNEL int64_t mcugen_trunc_divide(int64_t a, int64_t b, int32_t bytes)
{
    if (b == 0) {
        return 0;
    }
    if (b == -1) {
        return (int64_t)(0u - (uint64_t)a);
    }
    return bytes <= 4 ? (int32_t)a / (int32_t)b : a / b;
}

/* The same towards minus infinity. */
MCUGEN_KERNEL int64_t mcugen_floor_divide(int64_t a, int64_t b, int32_t bytes)
{
    const int64_t quotient = mcugen_trunc_divide(a, b, bytes);
    return (a < 0) != (b < 0) && b != 0 && (int64_t)((uint64_t)quotient * (uint64_t)b) != a ? quotient - 1 : quotient;
}

/* What remains of a behind a quotient; 0 where b is 0. */
MCUGEN_KERNEL int64_t mcugen_rest(int64_t a, int64_t b, int64_t quotient)
{
    return b == 0 ? 0 : (int64_t)((uint64_t)a - (uint64_t)quotient * (uint64_t)b);
}

/* A shift by no number of the element's bits is one by all of them. */
MCUGEN_KERNEL int64_t mcugen_left_shift(int64_t a, int64_t by, int32_t bytes)
{
    return by < 0 || by >= 8 * bytes ? 0 : (int64_t)((uint64_t)a << by);
}

MCUGEN_KERNEL int64_t mcugen_right_shift(int64_t a, int64_t by, int32_t bytes)
{
    return a >> (by < 0 || by >= 8 * bytes ? 8 * bytes - 1 : by);
}

MCUGEN_KERNEL int64_t mcugen_combine(int32_t operation, int64_t a, int64_t b, int32_t bytes)
{
    switch (operation) {
    case MCUGEN_ADD: return (int64_t)((uint64_t)a + (uint64_t)b);
    case MCUGEN_SUB: return (int64_t)((uint64_t)a - (uint64_t)b);
    case MCUGEN_MUL: return (int64_t)((uint64_t)a * (uint64_t)b);
    case MCUGEN_FLOOR_DIVIDE: return mcugen_floor_divide(a, b, bytes);
    case MCUGEN_REMAINDER: return mcugen_rest(a, b, mcugen_floor_divide(a, b, bytes));
    case MCUGEN_TRUNC_DIVIDE: return mcugen_trunc_divide(a, b, bytes);
    case MCUGEN_FMOD: return mcugen_rest(a, b, mcugen_trunc_divide(a, b, bytes));
    case MCUGEN_LEFT_SHIFT: return mcugen_left_shift(a, b, bytes);
    case MCUGEN_RIGHT_SHIFT: return mcugen_right_shift(a, b, bytes);
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
        const int64_t left = params->swapped ? b : a, right = params->swapped ? a : b;
        const int64_t value = mcugen_combine(params->operation, left, right, params->bytes0);
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
