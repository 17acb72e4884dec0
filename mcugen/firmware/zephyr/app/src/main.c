/* The verification image: answers the host's lines. docs/zephyr/verify.md has the protocol. */
#include "console.h"
#include "harness.h"
#include "inference.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <zephyr/debug/thread_analyzer.h>
#include <zephyr/fatal.h>
#include <zephyr/kernel.h>
#include <zephyr/sys/base64.h>
#include <zephyr/version.h>

enum { PROTOCOL = 1 };

/* Called by a module that was built with MCUGEN_LAYER_HOOK. */
void mcugen_layer_hook(int layer, const int8_t *output, size_t bytes)
{
    console_send_data("layer", (unsigned int)layer, output, bytes);
}

/* "<port> <offset> <base64>" into the input's buffer. */
static bool take_input(char *text)
{
    const unsigned long port = strtoul(text, &text, 10);
    const unsigned long offset = strtoul(text, &text, 10);
    size_t length;

    if (port >= harness_input_count || offset > harness_inputs[port].size || *text != ' ') {
        return false;
    }
    text++;
    return base64_decode((uint8_t *)harness_inputs[port].data + offset, harness_inputs[port].size - offset, &length,
                         (const uint8_t *)text, strlen(text)) == 0;
}

static void run(void)
{
    size_t stack_bytes;
    const int status = inference_run(&stack_bytes);

    for (size_t i = 0; i < harness_output_count && status == 0; i++) {
        console_send_data("output", (unsigned int)i, harness_outputs[i].data, harness_outputs[i].size);
    }
    console_send("done %d %u", status, (unsigned int)stack_bytes);
}

static void send_thread(struct thread_analyzer_info *info)
{
    console_send("thread %u %u %s", (unsigned int)info->stack_used, (unsigned int)info->stack_size, info->name);
}

static void send_threads(void)
{
#if KERNEL_VERSION_MAJOR >= 4
    thread_analyzer_run(send_thread, 0);
#else
    thread_analyzer_run(send_thread);
#endif
    console_send("ok");
}

static void answer(char *line)
{
    if (line == NULL) {
        console_send("again");
    } else if (strncmp(line, "input ", 6) == 0) {
        console_send(take_input(line + 6) ? "ok" : "refused");
    } else if (strcmp(line, "run") == 0) {
        run();
    } else if (strcmp(line, "reset") == 0) {
        console_send(harness_reset() == 0 ? "ok" : "refused");
    } else if (strcmp(line, "threads") == 0) {
        send_threads();
    } else {
        console_send("refused");
    }
}

void k_sys_fatal_error_handler(unsigned int reason, const struct arch_esf *frame)
{
    uint32_t pc = 0, lr = 0;

#if defined(CONFIG_ARM)
    if (frame != NULL) {
        pc = frame->basic.pc;
        lr = frame->basic.lr;
    }
#endif
    console_send("fault %u %x %x", reason, (unsigned int)pc, (unsigned int)lr);
    k_fatal_halt(reason);
}

int main(void)
{
    inference_start();
    console_send("hello %d %s %d %s %u", PROTOCOL, MODEL_NAME, CONSOLE_CHUNK, KERNEL_VERSION_STRING,
                 (unsigned int)CONFIG_MCUGEN_VERIFY_STACK_SIZE);
    for (;;) {
        answer(console_receive());
    }
}
