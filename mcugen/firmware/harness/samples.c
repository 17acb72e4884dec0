/* Firmware that is given its samples by whoever watches the core: what `mcugen run` and `mcugen verify` execute. */
#include "exchange.h"
#include "harness.h"

_Noreturn void harness_end(enum harness_exit code, const struct harness_fact *facts, size_t count)
{
    for (;;) {
        (void)harness_exchange(EXCHANGE_END, (uint32_t)code, (uint32_t)(uintptr_t)facts, (uint32_t)count);
    }
}

static _Noreturn void end_with(enum harness_exit code, const char *key, uint32_t value)
{
    const struct harness_fact fact = {key, value};
    harness_end(code, &fact, 1);
}

_Noreturn void harness_main(void)
{
    const uint32_t inputs = (uint32_t)(uintptr_t)harness_inputs, outputs = (uint32_t)(uintptr_t)harness_outputs;
    uint32_t samples = 0, stack_bytes = 0;
    harness_paint_guards();
    for (;;) {
        const uint32_t answer = harness_exchange(EXCHANGE_SAMPLE, samples, inputs, outputs);
        if (answer == 0u) {
            break;
        }
        int status = answer == 2u ? harness_reset() : 0;
        if (status == 0) {
            status = harness_invoke();
        }
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
        samples++;
    }
    const struct harness_fact facts[] = {{"samples", samples}, {"stack_bytes", stack_bytes}};
    harness_end(HARNESS_DONE, facts, 2);
}
