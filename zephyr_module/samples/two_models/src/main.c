/* Two models in one arena: code that knows neither by name runs both in turn. */
#include <mcugen/zephyr.h>
#include <zephyr/kernel.h>
#include <zephyr/sys/iterable_sections.h>

#define ROUNDS 3

static bool check(const struct mcugen_model *model)
{
	bool pass = true;

	for (int32_t i = 0; i < model->vector_count; i++) {
		bool matches = false;
		const int status = mcugen_check(model, i, &matches);

		pass = pass && status == MCUGEN_OK && matches;
	}
	return pass && model->vector_count > 0;
}

int main(void)
{
	bool pass = true;
	int models = 0;

	for (int round = 0; round < ROUNDS; round++) {
		models = 0;
		STRUCT_SECTION_FOREACH(mcugen_model, model) {
			pass = check(model) && pass;
			pass = model->arena == mcugen_shared_arena && pass;
			models++;
		}
	}
	STRUCT_SECTION_FOREACH(mcugen_model, model) {
		printk("%s: %u bytes of arena, %u inferences\n", model->name, (unsigned int)model->arena_bytes,
		       model->statistics->inferences);
	}
	printk("two_models: %d models, %s\n", models, pass && models == 2 ? "PASS" : "FAIL");
	return 0;
}
