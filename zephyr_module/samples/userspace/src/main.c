/* A thread in user mode runs a model: what the model writes to is in a partition of the thread's memory domain. */
#include "gesture.h"

#include <string.h>
#include <zephyr/app_memory/app_memdomain.h>
#include <zephyr/kernel.h>

#define STACK_SIZE 2048

/* What the thread itself writes to. */
K_APPMEM_PARTITION_DEFINE(application_partition);
static K_APP_BMEM(application_partition) int8_t output[GESTURE_OUTPUT_0_SIZE];
static K_APP_BMEM(application_partition) bool pass;

static K_THREAD_STACK_DEFINE(stack, STACK_SIZE);
static struct k_thread thread;
static struct k_mem_domain domain;

static void infer(void *first, void *second, void *third)
{
	ARG_UNUSED(first);
	ARG_UNUSED(second);
	ARG_UNUSED(third);
	pass = k_is_user_context() && gesture_model.vector_count > 0;
	for (int32_t i = 0; i < gesture_model.vector_count; i++) {
		const struct mcugen_vector *vector = &gesture_model.vectors[i];
		const int status = gesture_run(vector->inputs[0], output);
		const bool matches = status == MCUGEN_OK && memcmp(output, vector->outputs[0], sizeof(output)) == 0;

		printk("user mode: sample %d %s\n", (int)i, matches ? "matches" : "differs");
		pass = pass && matches;
	}
}

int main(void)
{
	struct k_mem_partition *partitions[] = {&mcugen_partition, &application_partition};
	const k_tid_t id = k_thread_create(&thread, stack, K_THREAD_STACK_SIZEOF(stack), infer, NULL, NULL, NULL, 0,
					   K_USER, K_FOREVER);

	if (k_mem_domain_init(&domain, ARRAY_SIZE(partitions), partitions) != 0 ||
	    k_mem_domain_add_thread(&domain, id) != 0) {
		printk("userspace: no memory domain, FAIL\n");
		return 0;
	}
	k_thread_start(id);
	k_thread_join(id, K_FOREVER);
	printk("userspace: %u inferences, %s\n", gesture_model.statistics->inferences, pass ? "PASS" : "FAIL");
	return 0;
}
