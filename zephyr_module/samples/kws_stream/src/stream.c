#include "stream.h"

#include <errno.h>
#include <mcugen/zephyr.h>
#include <string.h>
#include <zephyr/kernel.h>
#include <zephyr/sys/ring_buffer.h>

#define STACK_SIZE 2048
#define PRIORITY K_PRIO_PREEMPT(5)
#define HOP_BYTES (HOP_FRAMES * FRAME_SIZE)

BUILD_ASSERT(KEYWORD_INPUT_0_SIZE % FRAME_SIZE == 0, "the model's input is whole frames");

/* One hop is being read while the next one fills. */
RING_BUF_DECLARE(frames, 4 * HOP_BYTES);
static K_THREAD_STACK_DEFINE(stack, STACK_SIZE);
static struct k_work_q queue;
static struct k_work inference;
static stream_result on_result;

static int8_t window[KEYWORD_INPUT_0_SIZE];
static uint32_t frames_seen;

static void slide(void)
{
	memmove(window, &window[HOP_BYTES], sizeof(window) - HOP_BYTES);
	ring_buf_get(&frames, (uint8_t *)&window[sizeof(window) - HOP_BYTES], HOP_BYTES);
	frames_seen += HOP_FRAMES;
}

static void infer(struct k_work *work)
{
	ARG_UNUSED(work);
	while (ring_buf_size_get(&frames) >= HOP_BYTES) {
		int8_t scores[KEYWORD_OUTPUT_0_SIZE];
		const int8_t *inputs[] = {window};
		int8_t *outputs[] = {scores};

		slide();
		if (frames_seen >= WINDOW_FRAMES) {
			const int status = mcugen_run(&keyword_model, inputs, outputs, K_FOREVER);

			on_result(frames_seen - WINDOW_FRAMES, scores, status);
		}
	}
}

void stream_start(stream_result result)
{
	on_result = result;
	k_work_init(&inference, infer);
	k_work_queue_start(&queue, stack, K_THREAD_STACK_SIZEOF(stack), PRIORITY, NULL);
}

int stream_put(const int8_t *frame)
{
	if (ring_buf_space_get(&frames) < FRAME_SIZE) {
		return -ENOBUFS;
	}
	ring_buf_put(&frames, (const uint8_t *)frame, FRAME_SIZE);
	if (ring_buf_size_get(&frames) >= HOP_BYTES) {
		k_work_submit_to_queue(&queue, &inference);
	}
	return 0;
}
