/* Arm's driver, as it comes, on the emulated NPU. Each case writes what came of it into `results`; `done` is the last. */
#include <stdint.h>
#include <string.h>

#include <ethosu_driver.h>
#include <pmu_ethosu.h>

#include "case.h" /* The network, and where the NPU is. */

enum { INIT, INFERENCE, MATCHES, RUNNING, FINISHED, CYCLES, NO_MEMORY, NO_COMMAND, OTHER_NPU, AGAIN, MATCHES_AGAIN, COUNT };

volatile int32_t results[COUNT] = {[0 ... COUNT - 1] = 12345};
volatile uint32_t interrupts;
volatile uint32_t done;

static struct ethosu_driver driver;
static const size_t size[] = REGION_BYTES;
enum { REGION_COUNT = sizeof size / sizeof size[0] };

void npu_handler(void)
{
    interrupts++;
    ethosu_irq_handler(&driver);
}

static int infer(void *stream, uint64_t *bases)
{
    WRITE_INPUTS
    memset(OUTPUT_PLACE, 0x5A, sizeof expected);
    return ethosu_invoke_v3(&driver, stream, sizeof payload, bases, size, REGION_COUNT, NULL);
}

static int matches(void)
{
    return memcmp(OUTPUT_PLACE, expected, sizeof expected) == 0;
}

static uint32_t damaged[sizeof payload / 4] __attribute__((aligned(16)));

int main(void)
{
    uint64_t base[] = REGIONS;
    results[INIT] = ethosu_init(&driver, (void *)NPU_ADDRESS, NULL, 0, 1, 1);
    *(volatile uint32_t *)(0xE000E100u + 4u * (NPU_INTERRUPT / 32)) = 1u << NPU_INTERRUPT % 32;

    results[INFERENCE] = infer(payload, base);
    results[MATCHES] = matches();

    ETHOSU_PMU_Enable(&driver);
    ETHOSU_PMU_CNTR_Enable(&driver, ETHOSU_PMU_CCNT_Msk);
    ETHOSU_PMU_CYCCNT_Reset(&driver);
    ethosu_invoke_async(&driver, payload, sizeof payload, base, size, REGION_COUNT, NULL);
    results[RUNNING] = ethosu_wait(&driver, false);
    while ((results[FINISHED] = ethosu_wait(&driver, false)) == 1) {
    }
    results[CYCLES] = (int32_t)ETHOSU_PMU_Get_CCNTR(&driver);
    ETHOSU_PMU_Disable(&driver);

    uint64_t nowhere[REGION_COUNT];
    memcpy(nowhere, base, sizeof base);
    nowhere[0] = 0x30000000u; /* tightly coupled memory */
    results[NO_MEMORY] = infer(payload, nowhere);

    memcpy(damaged, payload, sizeof payload);
    damaged[STREAM_WORD] = 0x3FE; /* no command has this number */
    results[NO_COMMAND] = infer(damaged, base);

    memcpy(damaged, payload, sizeof payload);
    damaged[2] = OTHER_CONFIGURATION;
    results[OTHER_NPU] = infer(damaged, base);

    results[AGAIN] = infer(payload, base);
    results[MATCHES_AGAIN] = matches();
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
