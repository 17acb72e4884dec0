/* A part of a model that Arm's Ethos-U runs as one job: inputs are copied to where its command stream reads them, outputs
 * from where it writes them, and only when it has ended well. */
#include <mcugen/npu.h>

#include <stddef.h>
#include <stdint.h>
#include <string.h>

#define MCUGEN_ETHOS_U_PORTS 8

struct mcugen_ethos_u_params {
    int32_t inputs, outputs;
    uint32_t input_offset[MCUGEN_ETHOS_U_PORTS], input_bytes[MCUGEN_ETHOS_U_PORTS];
    uint32_t output_offset[MCUGEN_ETHOS_U_PORTS], output_bytes[MCUGEN_ETHOS_U_PORTS];
    uint32_t stream_bytes, weights_bytes, scratch_bytes, fast_bytes;
    uint32_t weights_region, scratch_region, fast_region;
};

/* pointers: inputs, stream, weights, outputs, scratch, and with fast_bytes faster memory beside it. */
static inline __attribute__((always_inline)) int
mcugen_ethos_u_call(const struct mcugen_ethos_u_params *p, const void *const *pointers)
{
    const void *const *const constants = pointers + p->inputs;
    const void *const *const outputs = constants + 2;
    /* The table of pointers is constant, what outputs and scratch point to is not. */
    uint8_t *const scratch = (uint8_t *)(uintptr_t)outputs[p->outputs];
    if ((uintptr_t)scratch % MCUGEN_NPU_ALIGNMENT != 0u) {
        return MCUGEN_ERROR_ARENA;
    }
    struct mcugen_npu_job job = {
        .stream = constants[0],
        .stream_bytes = p->stream_bytes,
        .regions = MCUGEN_NPU_REGIONS,
        .written = 1u << p->scratch_region,
    };
    job.base[p->weights_region] = (void *)(uintptr_t)constants[1];
    job.bytes[p->weights_region] = p->weights_bytes;
    job.base[p->scratch_region] = scratch;
    job.bytes[p->scratch_region] = p->scratch_bytes;
    if (p->fast_bytes != 0u) {
        job.base[p->fast_region] = (void *)(uintptr_t)outputs[p->outputs + 1];
        job.bytes[p->fast_region] = p->fast_bytes;
        job.written |= 1u << p->fast_region;
    }
    while (job.regions > 0u && job.bytes[job.regions - 1u] == 0u) {
        job.regions--;
    }
    for (int32_t i = 0; i < p->inputs; i++) {
        memcpy(scratch + p->input_offset[i], pointers[i], p->input_bytes[i]);
    }
    const int status = mcugen_npu_invoke(&job);
    if (status != MCUGEN_OK) {
        return status;
    }
    for (int32_t i = 0; i < p->outputs; i++) {
        memcpy((void *)(uintptr_t)outputs[i], scratch + p->output_offset[i], p->output_bytes[i]);
    }
    return MCUGEN_OK;
}

/* However many inputs and outputs there are. */
#define mcugen_ethos_u(params, ...) mcugen_ethos_u_call((params), (const void *const[]){__VA_ARGS__})
