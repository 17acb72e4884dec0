/* Firmware that takes its samples from files, by semihosting: what `mcugen run` and `mcugen verify` execute. */
#include "harness.h"
#include "semihosting.h"

enum { MAX_PORTS = 32 };

static int32_t input_handles[MAX_PORTS];
static int32_t output_handles[MAX_PORTS];

static void write_text(int32_t handle, const char *text)
{
    size_t n = 0;
    while (text[n] != '\0') {
        n++;
    }
    (void)semihosting_write(handle, text, n);
}

static void write_number(int32_t handle, uint32_t value)
{
    char digits[8];
    for (int32_t i = 7; i >= 0; i--) {
        digits[i] = "0123456789abcdef"[value & 15u];
        value >>= 4;
    }
    (void)semihosting_write(handle, digits, sizeof digits);
}

_Noreturn void harness_end(enum harness_exit code, const struct harness_fact *facts, size_t count)
{
    const int32_t handle = semihosting_open("report.txt", SEMIHOSTING_WRITE);
    for (size_t i = 0; i < count; i++) {
        write_text(handle, facts[i].key);
        write_text(handle, "=0x");
        write_number(handle, facts[i].value);
        write_text(handle, "\n");
    }
    semihosting_close(handle);
    semihosting_exit((int32_t)code);
}

static _Noreturn void end_with(enum harness_exit code, const char *key, uint32_t value)
{
    const struct harness_fact fact = {key, value};
    harness_end(code, &fact, 1);
}

static void open_all(const struct harness_port *ports, size_t count, enum semihosting_mode mode, int32_t *handles)
{
    if (count > MAX_PORTS) {
        end_with(HARNESS_FILE_ERROR, "ports", (uint32_t)count);
    }
    for (size_t i = 0; i < count; i++) {
        handles[i] = semihosting_open(ports[i].path, mode);
        if (handles[i] < 0) {
            end_with(HARNESS_FILE_ERROR, "open_port", (uint32_t)i);
        }
    }
}

/* 1 when all inputs have a sample, 0 at the end of the files. */
static int read_sample(uint32_t sample)
{
    for (size_t i = 0; i < harness_input_count; i++) {
        const size_t got = semihosting_read(input_handles[i], harness_inputs[i].data, harness_inputs[i].size);
        if (got == 0 && i == 0) {
            return 0;
        }
        if (got != harness_inputs[i].size) {
            end_with(HARNESS_FILE_ERROR, "short_sample", sample);
        }
    }
    return 1;
}

static void write_sample(uint32_t sample)
{
    for (size_t i = 0; i < harness_output_count; i++) {
        const struct harness_port *port = &harness_outputs[i];
        if (semihosting_write(output_handles[i], port->data, port->size) != port->size) {
            end_with(HARNESS_FILE_ERROR, "write_sample", sample);
        }
    }
}

static void close_all(void)
{
    for (size_t i = 0; i < harness_input_count; i++) {
        semihosting_close(input_handles[i]);
    }
    for (size_t i = 0; i < harness_output_count; i++) {
        semihosting_close(output_handles[i]);
    }
}

_Noreturn void harness_main(void)
{
    uint32_t samples = 0, stack_bytes = 0;
    harness_paint_guards();
    open_all(harness_inputs, harness_input_count, SEMIHOSTING_READ, input_handles);
    open_all(harness_outputs, harness_output_count, SEMIHOSTING_WRITE, output_handles);
    while (read_sample(samples)) {
        const int status = harness_invoke();
        if (harness_paint) {
            stack_bytes = harness_stack_used();
            harness_paint = 0;
        }
        if (stack_bytes == HARNESS_STACK_ALL) {
            end_with(HARNESS_STACK_OVERFLOW, "stack_bottom", (uint32_t)(uintptr_t)linker_stack_bottom);
        }
        if (!harness_guards_intact()) {
            end_with(HARNESS_OUT_OF_ARENA, "sample", samples);
        }
        if (status != 0) {
            const struct harness_fact facts[] = {{"sample", samples}, {"status", (uint32_t)status}};
            harness_end(HARNESS_MODULE_ERROR, facts, 2);
        }
        write_sample(samples);
        samples++;
    }
    close_all();
    const struct harness_fact facts[] = {{"samples", samples}, {"stack_bytes", stack_bytes}};
    harness_end(HARNESS_DONE, facts, 2);
}
