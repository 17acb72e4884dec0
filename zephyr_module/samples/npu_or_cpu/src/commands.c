/* Shell commands: keyword use npu|cpu, keyword run [sample]. */
#include "both.h"
#include "keyword_cpu.h"

#include <errno.h>
#include <string.h>
#include <zephyr/shell/shell.h>

static const char *const names[SIDES] = {[ON_NPU] = "npu", [ON_CPU] = "cpu"};
static enum side chosen = ON_NPU;

static int use(const struct shell *shell, size_t argc, char **argv)
{
	ARG_UNUSED(argc);
	for (int side = 0; side < SIDES; side++) {
		if (strcmp(argv[1], names[side]) == 0) {
			chosen = side;
			shell_print(shell, "keyword runs on the %s", names[side]);
			return 0;
		}
	}
	shell_error(shell, "%s is neither npu nor cpu", argv[1]);
	return -EINVAL;
}

static int run(const struct shell *shell, size_t argc, char **argv)
{
	int error = 0;
	const long sample = argc > 1 ? shell_strtol(argv[1], 10, &error) : 0;
	int8_t scores[KEYWORD_CPU_OUTPUT_0_SIZE] = {0};
	uint32_t cycles;

	if (error != 0 || sample < 0 || sample >= keyword_cpu_model.vector_count) {
		shell_error(shell, "%s is no sample: 0 to %d", argv[1], (int)keyword_cpu_model.vector_count - 1);
		return -EINVAL;
	}

	const int status = both_run(chosen, (int32_t)sample, scores, &cycles);

	if (status != MCUGEN_OK) {
		shell_error(shell, "%s failed: %d", names[chosen], status);
		return -EIO;
	}
	shell_print(shell, "%s: scores %d %d %d %d, %u cycles", names[chosen], scores[0], scores[1], scores[2], scores[3],
		    cycles);
	return 0;
}

SHELL_STATIC_SUBCMD_SET_CREATE(keyword_commands,
	SHELL_CMD_ARG(use, NULL, "Where it runs: use npu|cpu", use, 2, 0),
	SHELL_CMD_ARG(run, NULL, "An inference: run [sample]", run, 1, 1),
	SHELL_SUBCMD_SET_END
);

SHELL_CMD_REGISTER(keyword, &keyword_commands, "One network on the NPU or on the CPU", NULL);
