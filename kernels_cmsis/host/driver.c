/* Runs one kernel on a workstation, under sanitizers: cases come on standard input, results leave on standard output.
 *
 * "kernel_under_test.h" is generated (mcugen/kernels/host.py): MCUGEN_INPUTS, MCUGEN_CONSTANTS, MCUGEN_OUTPUTS, struct
 * kernel_params, read_params and call_kernel. All numbers are 32-bit little-endian. A case is
 *
 *   overlapped input (-1: none), distance
 *   the parameters
 *   for each input and constant: bytes, misalignment, data
 *   for each output: bytes, misalignment
 *   scratch bytes, misalignment
 *
 * and its result: 0, or 1 when the kernel wrote outside its outputs; then the outputs' bytes. The overlapped input lies
 * over the first output.
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

static struct buffer next_buffer(void)
{
    const size_t bytes = (size_t)next_number();
    return allocate(bytes, (size_t)next_number());
}

static void run_case(int32_t overlapped, size_t distance)
{
    struct kernel_params params;
    struct buffer inputs[MCUGEN_INPUTS + 1], constants[MCUGEN_CONSTANTS + 1], outputs[MCUGEN_OUTPUTS];
    const int8_t *input_data[MCUGEN_INPUTS + 1];
    const void *constant_data[MCUGEN_CONSTANTS + 1];
    int8_t *output_data[MCUGEN_OUTPUTS];
    size_t output_bytes[MCUGEN_OUTPUTS];
    memset(&params, 0, sizeof params);
    read_params(&params);
    for (int i = 0; i < MCUGEN_INPUTS; i++) {
        inputs[i] = next_buffer();
        read_exactly(inputs[i].data, inputs[i].bytes);
        memcpy(inputs[i].original, inputs[i].data, inputs[i].bytes);
        input_data[i] = inputs[i].data;
    }
    for (int i = 0; i < MCUGEN_CONSTANTS; i++) {
        /* Aligned as promised, and not better. */
        constants[i] = next_buffer();
        read_exactly(constants[i].data, constants[i].bytes);
        constant_data[i] = constants[i].data;
    }
    for (int i = 0; i < MCUGEN_OUTPUTS; i++) {
        size_t end = output_bytes[i] = (size_t)next_number();
        const int shared = i == 0 && overlapped >= 0;
        if (shared && distance + inputs[overlapped].bytes > end) {
            end = distance + inputs[overlapped].bytes;
        }
        outputs[i] = allocate(end, (size_t)next_number());
        if (shared) {
            memcpy(outputs[i].data + distance, inputs[overlapped].data, inputs[overlapped].bytes);
            input_data[overlapped] = outputs[i].data + distance;
        }
        memcpy(outputs[i].original, outputs[i].data, end);
        output_data[i] = outputs[i].data;
    }
    struct buffer scratch = next_buffer();
    alarm(SECONDS_FOR_A_CASE);
    call_kernel(&params, input_data, constant_data, output_data, scratch.data);
    alarm(0);
    int32_t stray = 0;
    for (int i = 0; i < MCUGEN_OUTPUTS; i++) {
        stray |= is_changed(&outputs[i], 0, output_bytes[i]);
    }
    for (int i = 0; i < MCUGEN_INPUTS; i++) {
        stray |= is_changed(&inputs[i], inputs[i].bytes, inputs[i].bytes);
        release(&inputs[i]);
    }
    fwrite(&stray, sizeof stray, 1, stdout);
    for (int i = 0; i < MCUGEN_OUTPUTS; i++) {
        fwrite(outputs[i].data, 1, output_bytes[i], stdout);
        release(&outputs[i]);
    }
    fflush(stdout);
    for (int i = 0; i < MCUGEN_CONSTANTS; i++) {
        release(&constants[i]);
    }
    release(&scratch);
}

int main(void)
{
    for (;;) {
        const int32_t overlapped = next_number(), distance = next_number();
        run_case(overlapped, (size_t)distance);
    }
}
