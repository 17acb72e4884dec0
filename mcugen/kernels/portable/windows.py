"""Which input bytes the windows of a convolution or pool touch, and how far outputs may reach into the input."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from mcugen.kernels.overlap import overlap_distance

Axis = tuple[int, int, int, int, int, int]
"""(output size, stride, padding before, kernel, dilation, input size) along one axis."""


def first_touched(outputs: int, stride: int, pad: int, kernel: int, dilation: int, size: int) -> list[int | None]:
    """For each output along one axis the lowest input index that its window touches; None when it touches none."""
    first: list[int | None] = []
    for position in range(outputs):
        touched = position * stride - pad + np.arange(kernel) * dilation
        inside = touched[(touched >= 0) & (touched < size)]
        first.append(int(inside[0]) if len(inside) else None)
    return first


def position_distance(
    rows: Sequence[int | None],
    columns: Sequence[int | None],
    row_bytes: int,
    input_c: int,
    output_c: int,
    *,
    block: int = 1,
) -> int:
    """Overlap distance of a kernel that reads the windows of `block` positions, then writes their outputs.

    Args:
        rows, columns: lowest input row and column of each output row and column, see `first_touched`.
        row_bytes: bytes of an input row.
        input_c, output_c: bytes of an input and of an output position.
    """
    reads = [None if r is None or c is None else r * row_bytes + c * input_c for r in rows for c in columns]
    starts = range(0, len(reads), block)
    written = [min(start + block, len(reads)) * output_c for start in starts]
    first_read = []
    for start in starts:
        inside = [r for r in reads[start : start + block] if r is not None]
        first_read.append(min(inside) if inside else None)
    return overlap_distance(written, first_read)
