/* The same network on the NPU and on the CPU: equal results, and what each takes. */
#include "both.h"
#include "keyword_cpu.h"
#include "keyword_npu.h"

#include <string.h>
#include <zephyr/kernel.h>

BUILD_ASSERT(KEYWORD_NPU_OUTPUT_0_SIZE == KEYWORD_CPU_OUTPUT_0_SIZE, "one network");

static K_MUTEX_DEFINE(running); /* main and the shell; each model has one arena */

int both_run(enum side side, int32_t sample, int8_t *scores, uint32_t *cycles)
{
	const int8_t *const input = keyword_cpu_model.vectors[sample].inputs[0];

	k_mutex_lock(&running, K_FOREVER);

	const uint32_t started = k_cycle_get_32();
	const int status = side == ON_NPU ? keyword_npu_run(input, scores) : keyword_cpu_run(input, scores);

	*cycles = k_cycle_get_32() - started;
	k_mutex_unlock(&running);
	return status;
}

static bool compare(int32_t sample)
{
	int8_t scores[SIDES][KEYWORD_CPU_OUTPUT_0_SIZE] = {0};
	uint32_t cycles[SIDES];
	const int8_t *const expected = keyword_cpu_model.vectors[sample].outputs[0];

	for (int side = 0; side < SIDES; side++) {
		const int status = both_run(side, sample, scores[side], &cycles[side]);

		if (status != MCUGEN_OK) {
			printk("sample %d: the %s failed with status %d%s\n", sample, side == ON_NPU ? "NPU" : "CPU", status,
			       status == MCUGEN_ERROR_NPU_TIMEOUT ? ", a time-out" : "");
			return false;
		}
	}
	printk("sample %d: %s, cycles of the system clock: NPU %u, CPU %u\n", sample,
	       memcmp(scores[ON_NPU], scores[ON_CPU], sizeof(scores[0])) == 0 ? "equal" : "different", cycles[ON_NPU],
	       cycles[ON_CPU]);
	return memcmp(scores[ON_NPU], expected, sizeof(scores[0])) == 0 &&
	       memcmp(scores[ON_CPU], expected, sizeof(scores[0])) == 0;
}

int main(void)
{
	bool pass = keyword_cpu_model.vector_count > 0;

	for (int32_t i = 0; i < keyword_cpu_model.vector_count; i++) {
		pass = compare(i) && pass;
	}
	printk("npu_or_cpu: %d samples, %s\n", keyword_cpu_model.vector_count, pass ? "PASS" : "FAIL");
	return 0;
}
