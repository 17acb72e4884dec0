/* mcugen_npu_invoke() for Arm's ethos-u-core-driver: in Zephyr (module hal_ethos_u, from Zephyr 3.7 on) and bare metal.
 *
 * The driver starts a job and hears of its end by the NPU's interrupt. Its own way to wait has a time-out only where it was
 * built with one, so the waiting is done here. Bare metal, the application has called ethosu_init() and routes the NPU's
 * interrupt to ethosu_irq_handler(), as for any other use of the driver.
 */
#include "mcugen/npu.h"

#include <ethosu_driver.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __ZEPHYR__
#include <zephyr/cache.h>
#include <zephyr/device.h>
#include <zephyr/devicetree.h>
#include <zephyr/kernel.h>
#endif

#ifdef __ZEPHYR__

/* A driver whose NPU did not answer at boot registers none, and ethosu_reserve_driver() would wait for it for ever. */
#define READY(node) || device_is_ready(DEVICE_DT_GET(node))

static bool usable(void)
{
    if (k_is_user_context()) {
        return false; /* the driver writes registers */
    }
#if DT_HAS_COMPAT_STATUS_OKAY(arm_ethos_u) || DT_HAS_COMPAT_STATUS_OKAY(infineon_ifx_npu) || \
    DT_HAS_COMPAT_STATUS_OKAY(nuvoton_numaker_npu) || DT_HAS_COMPAT_STATUS_OKAY(renesas_ra_npu)
    return false DT_FOREACH_STATUS_OKAY(arm_ethos_u, READY) DT_FOREACH_STATUS_OKAY(infineon_ifx_npu, READY)
        DT_FOREACH_STATUS_OKAY(nuvoton_numaker_npu, READY) DT_FOREACH_STATUS_OKAY(renesas_ra_npu, READY);
#elif defined(MCUGEN_NPU_OTHER_NODE)
    return true;
#else
#error "mcugen: no NPU of the devicetree is enabled (compatible \"arm,ethos-u\" or a vendor's of Zephyr's tree); for a node that \
only your tree knows, define MCUGEN_NPU_OTHER_NODE"
#endif
}

/* Zephyr's driver makes the semaphore, a k_sem in all releases; what ethosu_semaphore_take() takes differs between them. */
static void forget_old_interrupts(struct ethosu_driver *driver)
{
    k_sem_reset((struct k_sem *)driver->semaphore);
}

static bool ended_in_time(struct ethosu_driver *driver)
{
    struct k_sem *const done = (struct k_sem *)driver->semaphore;
    const k_timeout_t limit = CONFIG_MCUGEN_NPU_TIMEOUT_MS == 0 ? K_FOREVER : K_MSEC(CONFIG_MCUGEN_NPU_TIMEOUT_MS);

    if (k_sem_take(done, limit) != 0) {
        return false;
    }
    k_sem_give(done); /* ethosu_wait() takes it */
    return true;
}

#else

/* In units of mcugen_npu_clock(): cycles of the core, if the application has no other clock. 0: for ever. */
#ifndef MCUGEN_NPU_TIMEOUT
#define MCUGEN_NPU_TIMEOUT 1000000000u
#endif

static bool usable(void)
{
    return true;
}

static void forget_old_interrupts(struct ethosu_driver *driver)
{
    (void)driver;
}

#if defined(__ARM_ARCH_PROFILE) && __ARM_ARCH_PROFILE == 'M'
#define REGISTER(address) (*(volatile uint32_t *)(uintptr_t)(address))
#define DEMCR REGISTER(0xe000edfcu)
#define DWT_CTRL REGISTER(0xe0001000u)
#define DWT_CYCCNT REGISTER(0xe0001004u)
#define TRCENA (1u << 24)
#define CYCCNTENA 1u
#define NOCYCCNT (1u << 25)
#endif

__attribute__((weak)) uint32_t mcugen_npu_clock(void)
{
    /* How often it was asked: never more than the cycles that have passed. */
    static uint32_t questions;
#ifdef DEMCR
    DEMCR |= TRCENA;
    if ((DWT_CTRL & NOCYCCNT) == 0u) {
        DWT_CTRL |= CYCCNTENA;
        const uint32_t cycles = DWT_CYCCNT;
        if (cycles != 0u) {
            return cycles;
        }
    }
#endif
    return questions++;
}

__attribute__((weak)) void mcugen_npu_idle(void)
{
}

static bool ended_in_time(struct ethosu_driver *driver)
{
    const uint32_t started = mcugen_npu_clock();
    while (driver->job.state == ETHOSU_JOB_RUNNING) {
        if (MCUGEN_NPU_TIMEOUT != 0u && mcugen_npu_clock() - started > MCUGEN_NPU_TIMEOUT) {
            return false;
        }
        mcugen_npu_idle();
    }
    return true;
}

#endif

#if defined(__ZEPHYR__) && defined(CONFIG_CACHE_MANAGEMENT)

__attribute__((weak)) void mcugen_npu_cache_clean(const void *start, uint32_t bytes)
{
    (void)sys_cache_data_flush_range((void *)(uintptr_t)start, bytes);
}

__attribute__((weak)) void mcugen_npu_cache_invalidate(void *start, uint32_t bytes)
{
    (void)sys_cache_data_invd_range(start, bytes);
}

#elif defined(__ARM_ARCH_PROFILE) && __ARM_ARCH_PROFILE == 'M'

/* The cache of the Armv7-M and Armv8-M architecture, where there is one and it is on: CCR.DC, CTR, DCCMVAC, DCIMVAC. */
static void for_each_line(uint32_t operation, const void *start, uint32_t bytes)
{
    const uint32_t ccr = *(volatile uint32_t *)0xe000ed14u, ctr = *(volatile uint32_t *)0xe000ed7cu;
    const uintptr_t line = (uintptr_t)4u << ((ctr >> 16) & 15u);
    if ((ccr & (1u << 16)) == 0u) {
        return;
    }
    __asm__ volatile("dsb" ::: "memory");
    for (uintptr_t at = (uintptr_t)start & ~(line - 1u); at < (uintptr_t)start + bytes; at += line) {
        *(volatile uint32_t *)operation = at;
    }
    __asm__ volatile("dsb\n\tisb" ::: "memory");
}

__attribute__((weak)) void mcugen_npu_cache_clean(const void *start, uint32_t bytes)
{
    for_each_line(0xe000ef68u, start, bytes);
}

__attribute__((weak)) void mcugen_npu_cache_invalidate(void *start, uint32_t bytes)
{
    for_each_line(0xe000ef5cu, start, bytes);
}

#else

__attribute__((weak)) void mcugen_npu_cache_clean(const void *start, uint32_t bytes)
{
    (void)start, (void)bytes;
}

__attribute__((weak)) void mcugen_npu_cache_invalidate(void *start, uint32_t bytes)
{
    (void)start, (void)bytes;
}

#endif

/* Constants are cleaned once: a start-up code that copied them may have left them in the cache. */
static bool is_new(const void *stream)
{
    static const void *known[8];
    static uint32_t next;
    for (uint32_t i = 0; i < sizeof known / sizeof known[0]; i++) {
        if (known[i] == stream) {
            return false;
        }
    }
    known[next++ % (sizeof known / sizeof known[0])] = stream;
    return true;
}

static void clean(const struct mcugen_npu_job *job)
{
    const bool constants = is_new(job->stream);
    if (constants) {
        mcugen_npu_cache_clean(job->stream, job->stream_bytes);
    }
    for (uint32_t i = 0; i < job->regions; i++) {
        if (job->base[i] != NULL && (constants || (job->written >> i & 1u) != 0u)) {
            mcugen_npu_cache_clean(job->base[i], job->bytes[i]);
        }
    }
}

static void invalidate(const struct mcugen_npu_job *job)
{
    for (uint32_t i = 0; i < job->regions; i++) {
        if (job->base[i] != NULL && (job->written >> i & 1u) != 0u) {
            mcugen_npu_cache_invalidate(job->base[i], job->bytes[i]);
        }
    }
}

static int run(struct ethosu_driver *driver, const struct mcugen_npu_job *job)
{
    uint64_t base[MCUGEN_NPU_REGIONS] = {0};
    size_t bytes[MCUGEN_NPU_REGIONS] = {0};
    for (uint32_t i = 0; i < job->regions; i++) {
        base[i] = (uintptr_t)job->base[i];
        bytes[i] = job->bytes[i];
    }
    if (driver->job.state == ETHOSU_JOB_DONE) {
        (void)ethosu_wait(driver, false); /* its interrupt came after a time-out, and so after the end of its job */
    }
    forget_old_interrupts(driver);
    clean(job);
    if (ethosu_invoke_async(driver, job->stream, (int)job->stream_bytes, base, bytes, (int)job->regions, NULL) != 0) {
        return MCUGEN_ERROR_NPU;
    }
    if (!ended_in_time(driver)) {
        return MCUGEN_ERROR_NPU_TIMEOUT;
    }
    if (ethosu_wait(driver, true) != 0) {
        return MCUGEN_ERROR_NPU;
    }
    invalidate(job);
    return MCUGEN_OK;
}

int mcugen_npu_invoke(const struct mcugen_npu_job *job)
{
    struct ethosu_driver *const driver = usable() ? ethosu_reserve_driver() : NULL;
    if (driver == NULL) {
        return MCUGEN_ERROR_NPU;
    }
    const int status = run(driver, job);
    ethosu_release_driver(driver); /* resets an NPU that still runs */
    return status;
}
