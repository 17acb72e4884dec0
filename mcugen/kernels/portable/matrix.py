"""Cost and overlap of kernels_cmsis/portable/matrix.h."""

from __future__ import annotations

from mcugen.kernels.overlap import overlap_distance

# Instructions for one multiply-accumulate on a Cortex-M3: two columns and four channels, one and four, one and one.
_TWO_BY_FOUR = 2.0
_ONE_BY_FOUR = 2.5
_ONE_BY_ONE = 4.2
_FINISH = 13.5


def columns_cost(columns: int, depth: int, channels: int) -> float:
    """Instructions of mcugen_columns, counted on a Cortex-M3 and fitted."""
    blocked, single = channels - channels % 4, channels % 4
    pairs, last = columns // 2, columns % 2
    macs = depth * (blocked * (2 * pairs * _TWO_BY_FOUR + last * _ONE_BY_FOUR) + single * columns * _ONE_BY_ONE)
    return macs + columns * channels * _FINISH + (pairs + last) * (10 * blocked / 4 + 10)


def columns_distance(rows: int, row_bytes: int, columns: int, column_bytes: int, output_c: int) -> int:
    """Overlap distance of mcugen_columns for each of `rows`: two columns are read again for every few channels, so all
    of their outputs must stay below them."""
    written: list[int] = []
    first_read: list[int | None] = []
    for row in range(rows):
        for column in range(0, columns, 2):
            done = row * columns + min(column + 2, columns)
            # Outputs of a block land before its last read: as if they were written one block earlier.
            written += [done * output_c, done * output_c]
            first_read += [row * row_bytes + column * column_bytes] * 2
    return overlap_distance(written, first_read)
