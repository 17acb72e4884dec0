/* The caller's arena and the shared one: where models may write, and where they must not. */
#include "guest.h"
#include "keyword.h"

#include <errno.h>
#include <mcugen/zephyr.h>
#include <string.h>
#include <zephyr/ztest.h>

#define GUARD_SIZE 64
#define GUARD 0x5a

static struct {
	uint8_t before[GUARD_SIZE];
	struct guest_arena arena;
	uint8_t after[GUARD_SIZE];
} guarded;

static bool intact(const uint8_t *guard)
{
	for (int i = 0; i < GUARD_SIZE; i++) {
		if (guard[i] != GUARD) {
			return false;
		}
	}
	return true;
}

ZTEST(arena, test_a_model_stays_in_the_callers_arena)
{
	const struct mcugen_vector *vector = &guest_model.vectors[0];
	int8_t output[GUEST_OUTPUT_0_SIZE];

	memset(&guarded, GUARD, sizeof(guarded));
	zassert_ok(guest_run_with(&guarded.arena, vector->inputs[0], output));
	zassert_mem_equal(output, vector->outputs[0], sizeof(output));
	zassert_true(intact(guarded.before));
	zassert_true(intact(guarded.after));
}

ZTEST(arena, test_the_descriptor_refuses_an_arena_that_does_not_fit)
{
	const struct mcugen_vector *vector = &guest_model.vectors[0];
	int8_t output[GUEST_OUTPUT_0_SIZE];
	int8_t *outputs[] = {output};
	int8_t *memory = guarded.arena.memory;

	zassert_is_null(guest_model.arena);
	zassert_ok(guest_model.run(memory, sizeof(guarded.arena), vector->inputs, outputs));
	zassert_equal(guest_model.run(memory, GUEST_ARENA_SIZE - 1, vector->inputs, outputs), MCUGEN_ERROR_ARENA);
	zassert_equal(guest_model.run(memory + 1, sizeof(guarded.arena), vector->inputs, outputs), MCUGEN_ERROR_ARENA);
	zassert_equal(guest_model.run(NULL, sizeof(guarded.arena), vector->inputs, outputs), MCUGEN_ERROR_ARGUMENT);
}

ZTEST(arena, test_nothing_survives_in_the_shared_arena)
{
	bool matches = false;

	zassert_equal_ptr(keyword_model.arena, mcugen_shared_arena);
	for (int fill = 0; fill < 256; fill += 85) {
		memset(mcugen_shared_arena, fill, KEYWORD_ARENA_SIZE);
		zassert_ok(mcugen_check(&keyword_model, 0, &matches));
		zassert_true(matches);
	}
}

ZTEST_SUITE(arena, NULL, NULL, NULL, NULL, NULL);
