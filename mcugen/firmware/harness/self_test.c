/* Runs the module's own vectors, says on the UART whether they match, then makes an inference whenever asked to.
 *
 * An emulator's script writes the inputs (input_<i>), sets harness_first where a sequence starts, counts harness_request up, waits for the line "inference <n>: ...", and
 * reads the outputs (output_<i>). */
#include "console.h"
#include "harness.h"
#include "uart/uart.h"

#include <mcugen/mcugen.h>
#include <string.h>

/* Number of inferences that were asked for since the start. */
extern volatile uint32_t harness_request;
volatile uint32_t harness_request;

/* Nonzero: the next inference is the first step of a sequence. */
extern volatile uint32_t harness_first;
volatile uint32_t harness_first = 1;

static uint32_t stack_bytes;

static int infer(void)
{
    int status = 0;
    if (harness_first != 0u) {
        harness_first = 0;
        status = harness_reset();
    }
    if (status == 0) {
        status = harness_invoke();
    }
    if (harness_paint) {
        stack_bytes = harness_stack_used();
        harness_paint = 0;
    }
    return status;
}

/* The end of a line: what must hold after every inference. */
static void say_state(int status)
{
    console_text(", status ");
    console_number(status);
    console_text(", guards ");
    console_text(harness_guards_intact() ? "intact" : "BROKEN");
    console_text(", stack ");
    if (stack_bytes == HARNESS_STACK_ALL || !harness_stack_intact()) {
        console_text("OVERFLOW\r\n");
    } else {
        console_number((int32_t)stack_bytes);
        console_text(" bytes\r\n");
    }
}

static void say_difference(size_t output, size_t at, int8_t expected, int8_t actual)
{
    console_text("output ");
    console_number((int32_t)output);
    console_text(" differs at ");
    console_number((int32_t)at);
    console_text(": expected ");
    console_number(expected);
    console_text(", got ");
    console_number(actual);
}

/* Says "match", or where the first difference is; returns 1 for a match. */
static int compare(const struct mcugen_vector *vector)
{
    for (size_t i = 0; i < harness_output_count; i++) {
        const struct harness_port *port = &harness_outputs[i];
        for (size_t at = 0; at < port->size; at++) {
            if (port->data[at] != vector->outputs[i][at]) {
                say_difference(i, at, vector->outputs[i][at], port->data[at]);
                return 0;
            }
        }
    }
    console_text("match");
    return 1;
}

static int run_vector(size_t index)
{
    const struct mcugen_vector *vector = &harness_vectors[index];
    for (size_t i = 0; i < harness_input_count; i++) {
        memcpy(harness_inputs[i].data, vector->inputs[i], harness_inputs[i].size);
    }
    const int status = infer();
    console_text("vector ");
    console_number((int32_t)index);
    console_text(": ");
    const int matches = compare(vector);
    say_state(status);
    return matches && status == 0;
}

static void self_test(void)
{
    size_t matching = 0;
    for (size_t i = 0; i < harness_vector_count; i++) {
        matching += run_vector(i) ? 1u : 0u;
    }
    console_text("self-test ");
    console_text(matching == harness_vector_count ? "passed" : "FAILED");
    console_text(": ");
    console_number((int32_t)matching);
    console_text(" of ");
    console_number((int32_t)harness_vector_count);
    console_text(" vectors match\r\n");
}

_Noreturn void harness_main(void)
{
    uart_open();
    harness_paint_guards();
    console_text("\r\nmcugen ");
    console_text(harness_module_name);
    console_text(" on " BOARD_NAME "\r\n");
    self_test();
    for (uint32_t done = 0; /* for ever */;) {
        if (done == harness_request) {
            continue;
        }
        const int status = infer();
        done++;
        console_text("inference ");
        console_number((int32_t)done);
        say_state(status);
    }
}
