/* A stream of features through a keyword model. A thread stands in for the microphone and its feature extraction: it
 * plays the model's test vectors one after the other, so that every result at the end of a vector is known. */
#include "keyword.h"
#include "stream.h"

#include <string.h>
#include <zephyr/kernel.h>

#define FRAME_PERIOD K_MSEC(2) /* 20 ms in a real application */

static uint32_t inferences, checked;
static bool pass = true;

static void result(uint32_t first_frame, const int8_t *scores, int status)
{
	const int32_t vector = first_frame / WINDOW_FRAMES;
	int best = 0;

	inferences++;
	pass = pass && status == MCUGEN_OK;
	for (int i = 1; i < KEYWORD_OUTPUT_0_SIZE; i++) {
		best = scores[i] > scores[best] ? i : best;
	}
	printk("frame %u: word %d, score %d\n", first_frame, best, scores[best]);
	if (first_frame % WINDOW_FRAMES == 0) {
		const int8_t *expected = keyword_model.vectors[vector].outputs[0];

		pass = pass && memcmp(scores, expected, KEYWORD_OUTPUT_0_SIZE) == 0;
		checked++;
	}
}

int main(void)
{
	uint32_t dropped = 0;

	stream_start(result);
	for (int32_t i = 0; i < keyword_model.vector_count; i++) {
		for (int frame = 0; frame < WINDOW_FRAMES; frame++) {
			dropped += stream_put(&keyword_model.vectors[i].inputs[0][frame * FRAME_SIZE]) != 0;
			k_sleep(FRAME_PERIOD);
		}
	}
	k_sleep(K_MSEC(100));
	pass = pass && dropped == 0 && checked == (uint32_t)keyword_model.vector_count;
	printk("kws_stream: %u inferences, %u of them checked, %u frames dropped, %s\n", inferences, checked, dropped,
	       pass ? "PASS" : "FAIL");
	return 0;
}
