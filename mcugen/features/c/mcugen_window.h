/* The last rows of a stream, for a model that sees a window of them: a ring of int8 rows, oldest first when copied.
 *
 * Rows are feature frames, samples of a sensor's channels, lines of a camera. The memory is the caller's.
 */
#ifndef MCUGEN_WINDOW_H
#define MCUGEN_WINDOW_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

struct mcugen_window {
    int8_t *memory; /* rows * row_bytes */
    size_t rows, row_bytes;
    size_t next;    /* the row that is written next */
    size_t missing; /* rows until the window is full, and after each copy until the next is due */
};

/* An empty window of `rows` rows. */
static inline void mcugen_window_init(struct mcugen_window *window, int8_t *memory, size_t rows, size_t row_bytes)
{
    window->memory = memory;
    window->rows = rows;
    window->row_bytes = row_bytes;
    window->next = 0;
    window->missing = rows;
}

/* Where the next row belongs: fill in its `row_bytes`, then call mcugen_window_push(). */
static inline int8_t *mcugen_window_row(const struct mcugen_window *window)
{
    return window->memory + window->next * window->row_bytes;
}

/* Takes the row that mcugen_window_row() gave; the oldest one goes. */
static inline void mcugen_window_push(struct mcugen_window *window)
{
    window->next = window->next + 1u == window->rows ? 0u : window->next + 1u;
    if (window->missing > 0u) {
        window->missing--;
    }
}

/* Whether a window is due: it is full, and after a copy `stride` new rows have come. */
static inline bool mcugen_window_ready(const struct mcugen_window *window)
{
    return window->missing == 0u;
}

/* Copies the window, oldest row first, to a model's input; the next is due `stride` rows later. */
static inline void mcugen_window_copy(struct mcugen_window *window, size_t stride, int8_t *input)
{
    const size_t first = (window->rows - window->next) * window->row_bytes;
    memcpy(input, mcugen_window_row(window), first);
    memcpy(input + first, window->memory, window->next * window->row_bytes);
    window->missing = stride;
}

#endif
