/* What a model with a part for an NPU asks of the application: to run one command stream.
 *
 * A driver is bound by one function, mcugen_npu_invoke(). Every such module brings npu/ethos_u_driver.c, which binds Arm's
 * ethos-u-core-driver, in Zephyr and bare metal. For another driver leave that file out and write your own:
 *
 *     int mcugen_npu_invoke(const struct mcugen_npu_job *job)
 *     {
 *         clean_cache(job);
 *         my_npu_start(job->stream, job->stream_bytes, job->base, job->regions);
 *         const int ended = my_npu_wait(TIME_OUT);
 *         invalidate_cache(job);
 *         return ended == 0 ? MCUGEN_OK : ended == TIMED_OUT ? MCUGEN_ERROR_NPU_TIMEOUT : MCUGEN_ERROR_NPU;
 *     }
 */
#ifndef MCUGEN_NPU_H
#define MCUGEN_NPU_H

#include "mcugen/mcugen.h"

#ifdef __cplusplus
extern "C" {
#endif

#define MCUGEN_NPU_REGIONS 8
#define MCUGEN_NPU_ALIGNMENT 16 /* bytes, of the stream and of all bases: what Arm's driver accepts */

/* One run of an Arm Ethos-U. */
struct mcugen_npu_job {
    const void *stream; /* the driver's payload: configuration and command stream ("COP1") */
    uint32_t stream_bytes;
    uint32_t regions;                   /* how many of the entries below are set */
    void *base[MCUGEN_NPU_REGIONS];     /* what the stream's regions point to; NULL: not used */
    uint32_t bytes[MCUGEN_NPU_REGIONS]; /* their sizes */
    uint32_t written;                   /* bit n is set where the NPU writes to region n; the others are constants */
};

/* Runs a job to its end. Returns MCUGEN_OK; MCUGEN_ERROR_NPU after a fault of the NPU or its driver, MCUGEN_ERROR_NPU_TIMEOUT
 * when it did not end in time: then the model's run function returns it, and leaves the outputs as they were.
 *
 * Data caches are its business: what the CPU wrote to the regions is to be cleaned before, what the NPU wrote to be
 * invalidated after. */
int mcugen_npu_invoke(const struct mcugen_npu_job *job);

/* Hooks of npu/ethos_u_driver.c, which has a weak definition of each. */

/* Data cache by address: Zephyr's functions, else the registers of the Armv7-M and Armv8-M architecture. Yours may know better:
 * another cache, or memory that is not cached at all. */
void mcugen_npu_cache_clean(const void *start, uint32_t bytes);
void mcugen_npu_cache_invalidate(void *start, uint32_t bytes);

/* Bare metal only. The clock of the time-out MCUGEN_NPU_TIMEOUT, which may wrap: cycles of the core, where it can count them. */
uint32_t mcugen_npu_clock(void);

/* Bare metal only. Called again and again while the NPU runs; does nothing. An RTOS could let others run. */
void mcugen_npu_idle(void);

#ifdef __cplusplus
}
#endif

#endif
