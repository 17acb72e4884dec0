/* All models of an image, by descriptor: each is found, and each gives the outputs of its test vectors. */
#include "gesture.h"
#include "guest.h"
#include "keyword.h"

#include <errno.h>
#include <mcugen/zephyr.h>
#include <string.h>
#include <zephyr/sys/iterable_sections.h>
#include <zephyr/ztest.h>

ZTEST(models, test_every_model_is_listed_once)
{
	static const char *const names[] = {"gesture", "guest", "keyword"};
	int models = 0;

	STRUCT_SECTION_FOREACH(mcugen_model, model) {
		models++;
	}
	zassert_equal(models, ARRAY_SIZE(names));
	for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
		const struct mcugen_model *model = mcugen_find(names[i]);

		zassert_not_null(model, "%s", names[i]);
		zassert_str_equal(model->name, names[i]);
	}
	zassert_is_null(mcugen_find("gest"));
}

ZTEST(models, test_descriptors_agree_with_the_headers)
{
	zassert_equal(keyword_model.inputs[0].bytes, KEYWORD_INPUT_0_SIZE);
	zassert_equal(keyword_model.outputs[0].bytes, KEYWORD_OUTPUT_0_SIZE);
	zassert_equal(keyword_model.inputs[0].rank, KEYWORD_INPUT_0_RANK);
	zassert_equal(keyword_model.inputs[0].zero_point, KEYWORD_INPUT_0_ZERO_POINT);
	zassert_equal(keyword_model.arena_bytes, KEYWORD_ARENA_SIZE);
	zassert_equal(keyword_model.constant_bytes, KEYWORD_CONSTANT_BYTES);
	zassert_true(keyword_model.macs > 100000);
}

ZTEST(models, test_every_vector_matches)
{
	int checked = 0;

	STRUCT_SECTION_FOREACH(mcugen_model, model) {
		zassert_true(model->vector_count > 0, "%s", model->name);
		for (int32_t i = 0; model->arena != NULL && i < model->vector_count; i++) {
			bool matches = false;

			zassert_ok(mcugen_check(model, i, &matches), "%s", model->name);
			zassert_true(matches, "%s, sample %d", model->name, (int)i);
			checked++;
		}
	}
	zassert_true(checked >= 4);
}

/* A check that cannot fail proves nothing: other inputs have to give other outputs. */
ZTEST(models, test_a_wrong_vector_is_noticed)
{
	struct mcugen_model changed = gesture_model;
	struct mcugen_vector vector = {gesture_model.vectors[0].inputs, gesture_model.vectors[1].outputs};
	bool matches = true;

	changed.vectors = &vector;
	changed.vector_count = 1;
	zassert_ok(mcugen_check(&changed, 0, &matches));
	zassert_false(matches);
}

ZTEST(models, test_calls_that_cannot_be_meant_so)
{
	int8_t output[KEYWORD_OUTPUT_0_SIZE];
	int8_t *outputs[] = {output};
	bool matches;
	uint32_t cycles;

	zassert_equal(mcugen_check(&gesture_model, -1, &matches), -EINVAL);
	zassert_equal(mcugen_check(&gesture_model, gesture_model.vector_count, &matches), -EINVAL);
	zassert_equal(mcugen_time(&guest_model, &cycles), -ENOMEM);
	zassert_equal(mcugen_run(&keyword_model, NULL, outputs, K_FOREVER), MCUGEN_ERROR_ARGUMENT);
	zassert_equal(keyword_run(NULL, output), MCUGEN_ERROR_ARGUMENT);
	zassert_equal(keyword_run(keyword_model.vectors[0].inputs[0], NULL), MCUGEN_ERROR_ARGUMENT);
}

ZTEST(models, test_statistics_count_every_inference)
{
	const uint32_t before = gesture_model.statistics->inferences;
	int8_t output[GESTURE_OUTPUT_0_SIZE];

	for (int i = 0; i < 5; i++) {
		zassert_ok(gesture_run(gesture_model.vectors[0].inputs[0], output));
	}
	zassert_equal(gesture_model.statistics->inferences, before + 5);
	zassert_true(gesture_model.statistics->min_cycles <= gesture_model.statistics->last_cycles);
	zassert_true(gesture_model.statistics->last_cycles <= gesture_model.statistics->max_cycles);
}

ZTEST_SUITE(models, NULL, NULL, NULL, NULL, NULL);
