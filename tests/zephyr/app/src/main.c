#include <mcugen/mcugen.h>
#include <string.h>
#include <zephyr/kernel.h>
#include <zephyr/sys/iterable_sections.h>
#if defined(CONFIG_MCUGEN_MODEL_GESTURE_SELF_TEST)
#include "gesture_self_test.h"

static void put(void *context, char character)
{
	ARG_UNUSED(context);
	printk("%c", character);
}
#endif

static int8_t output[64];

int main(void)
{
	STRUCT_SECTION_FOREACH(mcugen_model, model) {
		int matches = 0;

		for (int32_t i = 0; i < model->vector_count; i++) {
			int8_t *outputs[] = {output};
			const int status = model->run(model->arena, model->arena_bytes, model->vectors[i].inputs, outputs);

			matches += status == MCUGEN_OK && memcmp(output, model->vectors[i].outputs[0], model->outputs[0].bytes) == 0;
		}
		printk("%s: %d of %d match, arena at %p\n", model->name, matches, (int)model->vector_count, model->arena);
	}
#if defined(CONFIG_MCUGEN_MODEL_GESTURE_SELF_TEST)
	printk("self-test: %d\n", gesture_self_test(put, NULL));
#endif
	printk("done\n");
	return 0;
}
