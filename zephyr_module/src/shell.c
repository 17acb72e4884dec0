/* Shell commands for all models of the image: mcugen list, mcugen run, mcugen bench, mcugen reset. */
#include <errno.h>
#include <mcugen/zephyr.h>
#include <zephyr/kernel.h>
#include <zephyr/shell/shell.h>
#include <zephyr/sys/iterable_sections.h>

#define DEFAULT_INFERENCES 10
#define MAX_INFERENCES 100000

static void explain(const struct shell *shell, const struct mcugen_model *model, int status)
{
	switch (status) {
	case -ENOMEM:
		shell_error(shell, "%s has no arena of its own", model->name);
		break;
	case -ENOSPC:
		shell_error(shell, "inputs and outputs of %s exceed CONFIG_MCUGEN_BUFFER_SIZE=%d", model->name,
			    CONFIG_MCUGEN_BUFFER_SIZE);
		break;
	default:
		shell_error(shell, "%s failed: %d", model->name, status);
		break;
	}
}

static const struct mcugen_model *chosen(const struct shell *shell, const char *name)
{
	const struct mcugen_model *model = mcugen_find(name);

	if (model == NULL) {
		shell_error(shell, "no model %s: see mcugen list", name);
	}
	return model;
}

static void print_shape(const struct shell *shell, const char *group, const struct mcugen_tensor *tensor)
{
	shell_fprintf(shell, SHELL_NORMAL, "  %s %s:", group, tensor->name);
	for (int32_t i = 0; i < tensor->rank; i++) {
		shell_fprintf(shell, SHELL_NORMAL, "%c%d", i == 0 ? ' ' : 'x', (int)tensor->shape[i]);
	}
	shell_fprintf(shell, SHELL_NORMAL, ", %u bytes, zero point %d\n", (unsigned int)tensor->bytes,
		      (int)tensor->zero_point);
}

static int list(const struct shell *shell, size_t argc, char **argv)
{
	ARG_UNUSED(argc);
	ARG_UNUSED(argv);
	STRUCT_SECTION_FOREACH(mcugen_model, model) {
		shell_print(shell, "%s: %u bytes of constants, %u of arena, %u MACs", model->name,
			    (unsigned int)model->constant_bytes, (unsigned int)model->arena_bytes,
			    (unsigned int)model->macs);
		if (model->state_bytes > 0) {
			shell_print(shell, "  %u bytes of state", (unsigned int)model->state_bytes);
		}
		for (int32_t i = 0; i < model->input_count; i++) {
			print_shape(shell, "input", &model->inputs[i]);
		}
		for (int32_t i = 0; i < model->output_count; i++) {
			print_shape(shell, "output", &model->outputs[i]);
		}
		if (model->statistics != NULL && model->statistics->inferences > 0) {
			shell_print(shell, "  %u inferences, cycles: last %u, least %u, most %u",
				    model->statistics->inferences, model->statistics->last_cycles,
				    model->statistics->min_cycles, model->statistics->max_cycles);
		}
	}
	return 0;
}

static int run(const struct shell *shell, size_t argc, char **argv)
{
	const struct mcugen_model *model = chosen(shell, argv[1]);
	bool all = true;

	ARG_UNUSED(argc);
	if (model == NULL) {
		return -ENOENT;
	}
	if (model->vector_count == 0) {
		shell_error(shell, "%s has no test vectors: build it with CONFIG_MCUGEN_VECTORS=y", model->name);
		return -ENODATA;
	}
	for (int32_t i = 0; i < model->vector_count; i++) {
		bool matches = false;
		const int status = mcugen_check(model, i, &matches);

		if (status != MCUGEN_OK) {
			explain(shell, model, status);
			return status;
		}
		shell_print(shell, "%s sample %d: %s", model->name, (int)i, matches ? "PASS" : "FAIL");
		all = all && matches;
	}
	return all ? 0 : -EBADMSG;
}

static int bench(const struct shell *shell, size_t argc, char **argv)
{
	const struct mcugen_model *model = chosen(shell, argv[1]);
	int error = 0;
	const unsigned long inferences = argc > 2 ? shell_strtoul(argv[2], 10, &error) : DEFAULT_INFERENCES;
	uint32_t least = UINT32_MAX, most = 0;
	uint64_t total = 0;

	if (model == NULL) {
		return -ENOENT;
	}
	if (error != 0 || inferences == 0 || inferences > MAX_INFERENCES) {
		shell_error(shell, "%s is no number of inferences: 1 to %d", argv[2], MAX_INFERENCES);
		return -EINVAL;
	}
	for (unsigned long i = 0; i < inferences; i++) {
		uint32_t cycles = 0;
		const int status = mcugen_time(model, &cycles);

		if (status != MCUGEN_OK) {
			explain(shell, model, status);
			return status;
		}
		least = MIN(least, cycles);
		most = MAX(most, cycles);
		total += cycles;
	}
	shell_print(shell, "%s: %lu inferences, cycles of the system clock: mean %u, least %u, most %u; %u us each",
		    model->name, inferences, (uint32_t)(total / inferences), least, most,
		    (uint32_t)k_cyc_to_us_near64(total / inferences));
	return 0;
}

static int reset(const struct shell *shell, size_t argc, char **argv)
{
	const struct mcugen_model *model = chosen(shell, argv[1]);

	ARG_UNUSED(argc);
	if (model == NULL) {
		return -ENOENT;
	}
	if (model->reset == NULL) {
		shell_error(shell, "%s keeps no state", model->name);
		return -ENOTSUP;
	}
	const int status = mcugen_reset(model, K_FOREVER);

	if (status != MCUGEN_OK) {
		explain(shell, model, status);
	}
	return status;
}

SHELL_STATIC_SUBCMD_SET_CREATE(mcugen_commands,
	SHELL_CMD_ARG(list, NULL, "Models of this image", list, 1, 0),
	SHELL_CMD_ARG(run, NULL, "Check a model against its test vectors: run <model>", run, 2, 0),
	SHELL_CMD_ARG(bench, NULL, "Time a model: bench <model> [inferences]", bench, 2, 1),
	SHELL_CMD_ARG(reset, NULL, "Start a new sequence of a model with state: reset <model>", reset, 2, 0),
	SHELL_SUBCMD_SET_END
);

SHELL_CMD_REGISTER(mcugen, &mcugen_commands, "Models made by mcugen", NULL);
