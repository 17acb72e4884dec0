/* Frames of features in, classifications out: a window slides over the stream, inference runs in a work queue. */
#ifndef STREAM_H
#define STREAM_H

#include "keyword.h"

#include <stdint.h>

#define FRAME_SIZE 10                                     /* features of one frame, int8 */
#define WINDOW_FRAMES (KEYWORD_INPUT_0_SIZE / FRAME_SIZE) /* frames that the model sees */
#define HOP_FRAMES 7                                      /* new frames between two inferences */

/* Called from the work queue after each inference; `first_frame` counts from the stream's start. */
typedef void (*stream_result)(uint32_t first_frame, const int8_t *scores, int status);

/* Starts the work queue. */
void stream_start(stream_result result);

/* Adds a frame; safe in an interrupt handler. Returns 0, or -ENOBUFS when the frame was dropped. */
int stream_put(const int8_t *frame);

#endif
