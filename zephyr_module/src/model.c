/* Models in a Zephyr image, without knowing them by name. */
#include <errno.h>
#include <mcugen/zephyr.h>
#include <string.h>
#include <zephyr/kernel.h>
#include <zephyr/sys/iterable_sections.h>
#include <zephyr/sys/util.h>

#define MAX_PORTS 8

/* Models that share an arena, and the buffer below, have one user at a time. */
static K_MUTEX_DEFINE(running);
static int8_t buffer[CONFIG_MCUGEN_BUFFER_SIZE] __aligned(8);

const struct mcugen_model *mcugen_find(const char *name)
{
	STRUCT_SECTION_FOREACH(mcugen_model, model) {
		if (strcmp(model->name, name) == 0) {
			return model;
		}
	}
	return NULL;
}

static int run(const struct mcugen_model *model, const int8_t *const *inputs, int8_t *const *outputs)
{
	if (model->arena == NULL) {
		return -ENOMEM;
	}
	return model->run(model->arena, model->arena_bytes, inputs, outputs);
}

int mcugen_run(const struct mcugen_model *model, const int8_t *const *inputs, int8_t *const *outputs,
	       k_timeout_t timeout)
{
	if (k_mutex_lock(&running, timeout) != 0) {
		return -EAGAIN;
	}

	const int status = run(model, inputs, outputs);

	k_mutex_unlock(&running);
	return status;
}

int mcugen_reset(const struct mcugen_model *model, k_timeout_t timeout)
{
	if (model->reset == NULL) {
		return 0;
	}
	if (k_mutex_lock(&running, timeout) != 0) {
		return -EAGAIN;
	}

	const int status = model->reset();

	k_mutex_unlock(&running);
	return status;
}

/* Runs a vector; those of a model with state are steps from a reset, so that the ones before it come first. */
static int run_vector(const struct mcugen_model *model, int32_t index, int8_t *const *outputs)
{
	int32_t first = index;
	int status = 0;

	if (model->reset != NULL) {
		first = 0;
		status = model->reset();
	}
	for (int32_t i = first; i <= index && status == 0; i++) {
		status = run(model, model->vectors[i].inputs, outputs);
	}
	return status;
}

/* Pointers to places in the buffer for some tensors, from `*used` on. */
static int place(const struct mcugen_tensor *tensors, int32_t count, int8_t **places, size_t *used)
{
	if (count > MAX_PORTS) {
		return -ENOSPC;
	}
	for (int32_t i = 0; i < count; i++) {
		if (tensors[i].bytes > sizeof(buffer) - *used) {
			return -ENOSPC;
		}
		places[i] = &buffer[*used];
		*used += ROUND_UP(tensors[i].bytes, 8);
		*used = MIN(*used, sizeof(buffer));
	}
	return 0;
}

static bool equal(const struct mcugen_model *model, int8_t *const *outputs, const struct mcugen_vector *vector)
{
	for (int32_t i = 0; i < model->output_count; i++) {
		if (memcmp(outputs[i], vector->outputs[i], model->outputs[i].bytes) != 0) {
			return false;
		}
	}
	return true;
}

int mcugen_check(const struct mcugen_model *model, int32_t index, bool *matches)
{
	int8_t *outputs[MAX_PORTS];
	size_t used = 0;
	int status;

	if (index < 0 || index >= model->vector_count) {
		return -EINVAL;
	}
	k_mutex_lock(&running, K_FOREVER);
	status = place(model->outputs, model->output_count, outputs, &used);
	if (status == 0) {
		status = run_vector(model, index, outputs);
		*matches = equal(model, outputs, &model->vectors[index]);
	}
	k_mutex_unlock(&running);
	return status;
}

int mcugen_time(const struct mcugen_model *model, uint32_t *cycles)
{
	int8_t *zeros[MAX_PORTS];
	int8_t *outputs[MAX_PORTS];
	const int8_t *const *inputs = (const int8_t *const *)zeros;
	size_t used = 0;
	int status;

	k_mutex_lock(&running, K_FOREVER);
	status = place(model->outputs, model->output_count, outputs, &used);
	if (status == 0 && model->vector_count > 0) {
		inputs = model->vectors[0].inputs;
	} else if (status == 0) {
		status = place(model->inputs, model->input_count, zeros, &used);
		memset(buffer, 0, sizeof(buffer));
	}
	if (status == 0) {
		const uint32_t started = k_cycle_get_32();

		status = run(model, inputs, outputs);
		*cycles = k_cycle_get_32() - started;
	}
	k_mutex_unlock(&running);
	return status;
}
