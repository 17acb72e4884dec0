/* Zephyr's driver of the Ethos-U and Arm's below it, on the emulated NPU: a network, two faults, the network again. */
#include <string.h>

#include <ethosu_driver.h>
#include <zephyr/kernel.h>
#include <zephyr/sys/printk.h>

#include "case.h"

static const size_t size[] = REGION_BYTES;
enum { REGION_COUNT = sizeof size / sizeof size[0] };

static void infer(const char *name, struct ethosu_driver *driver, void *stream, uint64_t *bases)
{
    WRITE_INPUTS
    memset(OUTPUT_PLACE, 0x5A, sizeof expected);
    const int64_t start = k_uptime_ticks();
    const int status = ethosu_invoke_v3(driver, stream, sizeof payload, bases, size, REGION_COUNT, NULL);
    const int64_t ticks = k_uptime_ticks() - start;
    printk("%s: status %d, %s, %s\n", name, status,
           memcmp(OUTPUT_PLACE, expected, sizeof expected) == 0 ? "matches" : "differs",
           ticks < CONFIG_SYS_CLOCK_TICKS_PER_SEC ? "in time" : "late");
}

static uint32_t damaged[sizeof payload / 4] __aligned(16);

int main(void)
{
    uint64_t base[] = REGIONS, nowhere[] = REGIONS;
    struct ethosu_driver *const driver = ethosu_reserve_driver();

    infer("network", driver, payload, base);
    nowhere[0] = 0xA0000000u;
    infer("broken address", driver, payload, nowhere);
    memcpy(damaged, payload, sizeof payload);
    damaged[STREAM_WORD] = 0x3FE; /* no command has this number */
    infer("broken command", driver, damaged, base);
    infer("network again", driver, payload, base);
    ethosu_release_driver(driver);
    printk("all cases done\n");
    return 0;
}
