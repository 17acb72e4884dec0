/* An emitted module with its own binding of Arm's driver, on the emulated NPU. `done` is the last that is written. */
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <ethosu_driver.h>

#include "keyword.h"
#include "mcugen/npu.h"
#include "place.h" /* Where the NPU is. */

enum { INIT, GOOD, MATCHES, LATE, KEPT, AGAIN, MATCHES_AGAIN, SKEWED, COUNT };

volatile int32_t results[COUNT] = {[0 ... COUNT - 1] = 12345};
volatile uint32_t done;

static struct ethosu_driver driver;
static volatile int impatient;
static int8_t scores[KEYWORD_OUTPUT_0_SIZE];

void npu_handler(void)
{
    ethosu_irq_handler(&driver);
}

/* A second of a clock that is asked all the time, and far too much of it. */
uint32_t mcugen_npu_clock(void)
{
    static uint32_t now;
    return now += impatient ? 0x40000000u : 1u;
}

static int infer(void)
{
    int8_t *outputs[] = {scores};
    memset(scores, 0x5A, sizeof scores);
    return keyword_model.run(keyword_model.arena, keyword_model.arena_bytes, keyword_model.vectors[0].inputs, outputs);
}

static int matches(void)
{
    return memcmp(scores, keyword_model.vectors[0].outputs[0], sizeof scores) == 0;
}

static int untouched(void)
{
    for (size_t i = 0; i < sizeof scores; i++) {
        if (scores[i] != 0x5A) {
            return 0;
        }
    }
    return 1;
}

int main(void)
{
    results[INIT] = ethosu_init(&driver, (void *)NPU_ADDRESS, NULL, 0, 1, 1);
    *(volatile uint32_t *)(0xE000E100u + 4u * (NPU_INTERRUPT / 32)) = 1u << NPU_INTERRUPT % 32;

    results[GOOD] = infer();
    results[MATCHES] = matches();

    impatient = 1;
    results[LATE] = infer();
    results[KEPT] = untouched();
    impatient = 0;

    results[AGAIN] = infer();
    results[MATCHES_AGAIN] = matches();

    static struct keyword_arena arenas[2];
    struct keyword_arena *const skewed = (struct keyword_arena *)(void *)((int8_t *)arenas + 8);
    results[SKEWED] = keyword_run_with(skewed, keyword_model.vectors[0].inputs[0], scores);
    done = 1;
    for (;;) {
    }
}

/* What the driver takes from a C library. */
void *malloc(size_t bytes)
{
    static uint64_t heap[32];
    static size_t used;
    void *place = &heap[used];
    used += (bytes + 7) / 8;
    return place;
}

void free(void *place)
{
    (void)place;
}

extern uint32_t stack_top;
extern void fault(void);

__attribute__((section(".vectors"), used)) static void *const vectors[16 + NPU_INTERRUPT + 1] = {
    [0] = &stack_top,
    [1] = (void *)main,
    [2 ... 15] = (void *)fault,
    [16 + NPU_INTERRUPT] = (void *)npu_handler,
};

void fault(void)
{
    done = 2;
    for (;;) {
    }
}
