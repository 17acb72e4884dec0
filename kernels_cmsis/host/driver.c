/* Runs one kernel on a workstation, under sanitizers: cases come on standard input, results leave on standard output.
 *
 * "kernel_under_test.h" is generated (mcugen/kernels/host.py): MCUGEN_INPUTS, MCUGEN_CONSTANTS, struct kernel_params,
 * read_params and call_kernel. All numbers are 32-bit little-endian. A case is
 *
 *   overlapped input (-1: none), distance, misalignment of activations
 *   the parameters
 *   for each input: bytes, data          for each constant: bytes, alignment, data
 *   output bytes, scratch bytes, scratch alignment
 *
 * and its result: 0, or 1 when the kernel wrote outside its output; then the output's bytes.
 * Every buffer ends where its allocation ends, so the address sanitizer sees the first byte beyond.
 */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static int32_t next_number(void);

#include "kernel_under_test.h"

enum { SECONDS_FOR_A_CASE = 60, GARBAGE = 0xA5 };

/* `data` lies `offset` bytes into `block`, and ends with it. */
struct buffer {
    int8_t *block, *data;
    int8_t *original;
    size_t bytes;
};

static void read_exactly(void *target, size_t bytes)
{
    if (bytes > 0 && fread(target, 1, bytes, stdin) != bytes) {
        exit(feof(stdin) ? 0 : 2);
    }
}

static int32_t next_number(void)
{
    int32_t number;
    read_exactly(&number, sizeof number);
    return number;
}

static struct buffer allocate(size_t bytes, size_t offset)
{
    struct buffer b = {malloc(bytes + offset + (bytes + offset == 0)), NULL, malloc(bytes + 1), bytes};
    if (b.block == NULL || b.original == NULL) {
        exit(3);
    }
    b.data = b.block + offset;
    memset(b.data, GARBAGE, bytes);
    return b;
}

static void release(struct buffer *b)
{
    free(b->block);
    free(b->original);
}

/* Bytes outside [from, to) must be as they were. */
static int32_t is_changed(const struct buffer *b, size_t from, size_t to)
{
    return memcmp(b->data, b->original, from) != 0 || memcmp(b->data + to, b->original + to, b->bytes - to) != 0;
}

static void run_case(int32_t overlapped, size_t distance, size_t misalignment)
{
    struct kernel_params params;
    struct buffer inputs[MCUGEN_INPUTS + 1], constants[MCUGEN_CONSTANTS + 1];
    const int8_t *input_data[MCUGEN_INPUTS + 1];
    const void *constant_data[MCUGEN_CONSTANTS + 1];
    memset(&params, 0, sizeof params);
    read_params(&params);
    for (int i = 0; i < MCUGEN_INPUTS; i++) {
        inputs[i] = allocate((size_t)next_number(), misalignment);
        read_exactly(inputs[i].data, inputs[i].bytes);
        memcpy(inputs[i].original, inputs[i].data, inputs[i].bytes);
        input_data[i] = inputs[i].data;
    }
    for (int i = 0; i < MCUGEN_CONSTANTS; i++) {
        const size_t bytes = (size_t)next_number();
        /* Aligned as promised, and not better. */
        constants[i] = allocate(bytes, (size_t)next_number());
        read_exactly(constants[i].data, bytes);
        constant_data[i] = constants[i].data;
    }
    const size_t output_bytes = (size_t)next_number(), scratch_bytes = (size_t)next_number();
    struct buffer scratch = allocate(scratch_bytes, (size_t)next_number());
    size_t end = output_bytes;
    if (overlapped >= 0 && distance + inputs[overlapped].bytes > end) {
        end = distance + inputs[overlapped].bytes;
    }
    struct buffer output = allocate(end, misalignment);
    if (overlapped >= 0) {
        memcpy(output.data + distance, inputs[overlapped].data, inputs[overlapped].bytes);
        input_data[overlapped] = output.data + distance;
    }
    memcpy(output.original, output.data, end);
    alarm(SECONDS_FOR_A_CASE);
    call_kernel(&params, input_data, constant_data, output.data, scratch.data);
    alarm(0);
    int32_t stray = is_changed(&output, 0, output_bytes);
    for (int i = 0; i < MCUGEN_INPUTS; i++) {
        stray |= is_changed(&inputs[i], inputs[i].bytes, inputs[i].bytes);
        release(&inputs[i]);
    }
    fwrite(&stray, sizeof stray, 1, stdout);
    fwrite(output.data, 1, output_bytes, stdout);
    fflush(stdout);
    for (int i = 0; i < MCUGEN_CONSTANTS; i++) {
        release(&constants[i]);
    }
    release(&scratch);
    release(&output);
}

int main(void)
{
    for (;;) {
        const int32_t overlapped = next_number(), distance = next_number(), misalignment = next_number();
        run_case(overlapped, (size_t)distance, (size_t)misalignment);
    }
}
