"""Padding of windows: SAME and VALID as numbers."""

from __future__ import annotations

from collections.abc import Sequence

from mcugen.frontend.litert.step import Step
from mcugen.litert.format.enums import PADDINGS

Pair = tuple[int, int]


def padding_of(step: Step, table: str, size: Sequence[int], kernel: Pair, dilation: Pair = (1, 1)) -> tuple[int, ...]:
    """(top, left, bottom, right) for an input of (height, width): what the options' padding and strides say.

    SAME gives ceil(size / stride) positions; of an odd sum the larger half is behind.
    """
    number = step.option(table, "padding")
    if not 0 <= number < len(PADDINGS):
        step.fail(f"has padding {number}, must be one of {', '.join(PADDINGS)}")
    if PADDINGS[number] == "VALID":
        return 0, 0, 0, 0
    (top, bottom), (left, right) = (
        _same(size[a], kernel[a], stride, dilation[a]) for a, stride in enumerate(strides(step, table))
    )
    return top, left, bottom, right


def strides(step: Step, table: str) -> Pair:
    """(vertical, horizontal), positive."""
    found = step.option(table, "stride_h"), step.option(table, "stride_w")
    if min(found) < 1:
        step.fail(f"has strides {found}, must be positive")
    return found


def dilations(step: Step, table: str) -> Pair:
    """(vertical, horizontal), positive."""
    found = step.option(table, "dilation_h_factor"), step.option(table, "dilation_w_factor")
    if min(found) < 1:
        step.fail(f"has dilations {found}, must be positive")
    return found


def _same(size: int, kernel: int, stride: int, dilation: int) -> Pair:
    count = -(-size // stride)
    total = max((count - 1) * stride + (kernel - 1) * dilation + 1 - size, 0)
    return total // 2, total - total // 2
