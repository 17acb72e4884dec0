/* Models in a Zephyr image, without knowing them by name. Needs CONFIG_MCUGEN=y. */
#ifndef MCUGEN_ZEPHYR_H
#define MCUGEN_ZEPHYR_H

#include <mcugen/mcugen.h>
#include <stdbool.h>
#include <zephyr/kernel.h>

#ifdef __cplusplus
extern "C" {
#endif

/* A listed model of the image, or NULL. */
const struct mcugen_model *mcugen_find(const char *name);

/* One inference in the model's own or shared arena, one at a time in the whole image.
 *
 * Returns MCUGEN_OK, a status of the model, -ENOMEM when the model has no arena, or -EAGAIN after the timeout. */
int mcugen_run(const struct mcugen_model *model, const int8_t *const *inputs, int8_t *const *outputs,
               k_timeout_t timeout);

/* The next inference of a model with state is the first step of a new sequence; nothing for other models.
 *
 * Returns MCUGEN_OK, a status of the model, or -EAGAIN after the timeout. */
int mcugen_reset(const struct mcugen_model *model, k_timeout_t timeout);

/* Runs a sample whose outputs are known, and compares. Those of a model with state are steps: it is reset, and runs the
 * samples before it first.
 *
 * index: below model->vector_count. matches: set when the call returns MCUGEN_OK.
 * Returns as mcugen_run, -EINVAL without such a sample, or -ENOSPC when the outputs exceed CONFIG_MCUGEN_BUFFER_SIZE. */
int mcugen_check(const struct mcugen_model *model, int32_t index, bool *matches);

/* One inference on the model's first sample, or on zeros when it has none; what comes out is dropped.
 *
 * cycles: hardware cycles of the inference. Returns as mcugen_check. */
int mcugen_time(const struct mcugen_model *model, uint32_t *cycles);

#ifdef __cplusplus
}
#endif

#endif
