/* What a model with a part for an NPU asks of the application: to run one command stream.
 *
 * A driver is bound by one function, mcugen_npu_invoke(). Every module brings npu/ethos_u_driver.c, which does it for Arm's
 * ethos-u-core-driver (with Zephyr's hal_ethos_u, or bare metal); for another driver write your own:
 *
 *     int mcugen_npu_invoke(const struct mcugen_npu_job *job)
 *     {
 *         ... program job->stream and job->base[0 .. job->regions - 1], wait for the interrupt ...
 *         return done ? MCUGEN_OK : MCUGEN_ERROR_NPU;
 *     }
 */
#ifndef MCUGEN_NPU_H
#define MCUGEN_NPU_H

#include "mcugen/mcugen.h"

#ifdef __cplusplus
extern "C" {
#endif

#define MCUGEN_NPU_REGIONS 8

/* One run of an Arm Ethos-U. */
struct mcugen_npu_job {
    const void *stream; /* the driver's payload: configuration and command stream ("COP1"), aligned to 16 bytes */
    uint32_t stream_bytes;
    uint32_t regions;                   /* how many of the entries below are set */
    void *base[MCUGEN_NPU_REGIONS];     /* what the stream's regions point to, aligned to 16 bytes; NULL: not used */
    uint32_t bytes[MCUGEN_NPU_REGIONS]; /* their sizes */
    uint32_t written;                   /* bit n is set where the NPU writes to region n */
};

/* Runs a job to its end. Returns MCUGEN_OK; MCUGEN_ERROR_NPU after a fault of the NPU or its driver, MCUGEN_ERROR_NPU_TIMEOUT
 * when it did not end in time: then the model's run function returns it, and leaves the outputs as they were.
 *
 * Data caches are its business: what the CPU wrote to the regions is to be cleaned before, what the NPU wrote to be
 * invalidated after. */
int mcugen_npu_invoke(const struct mcugen_npu_job *job);

#ifdef __cplusplus
}
#endif

#endif
