/* One model: an inference for each emitted test vector, its outputs on the console. */
#include "gesture.h"

#include <string.h>
#include <zephyr/kernel.h>

int main(void)
{
	const struct mcugen_model *model = &gesture_model;
	bool pass = model->vector_count > 0;

	printk("%s: %u MACs, %u bytes of constants, %u bytes of arena\n", model->name, (unsigned int)model->macs,
	       (unsigned int)model->constant_bytes, (unsigned int)model->arena_bytes);
	for (int32_t i = 0; i < model->vector_count; i++) {
		int8_t output[GESTURE_OUTPUT_0_SIZE];
		const int status = gesture_run(model->vectors[i].inputs[0], output);

		pass = pass && status == MCUGEN_OK &&
		       memcmp(output, model->vectors[i].outputs[0], sizeof(output)) == 0;
		printk("sample %d:", (int)i);
		for (size_t j = 0; j < sizeof(output); j++) {
			printk(" %d", output[j]);
		}
		printk("\n");
	}
	printk("hello_model: %s\n", pass ? "PASS" : "FAIL");
	return 0;
}
