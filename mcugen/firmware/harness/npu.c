/* The NPU of an emulated board: whoever watches the core runs the job on a model of the NPU, in the core's memory. */
#include "exchange.h"

#include <mcugen/npu.h>

int mcugen_npu_invoke(const struct mcugen_npu_job *job)
{
    _Static_assert(sizeof *job == 20u * sizeof(uint32_t), "mcugen/emulate/npu.py reads it word by word");
    const uint32_t answer = harness_exchange(EXCHANGE_NPU, (uint32_t)(uintptr_t)job, 0, 0);
    return answer == 1u ? MCUGEN_OK : MCUGEN_ERROR_NPU;
}
