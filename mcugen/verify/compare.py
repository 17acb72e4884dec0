"""Comparing values that must be equal, floats bit by bit, and saying where they differ."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from mcugen.graph.tensor import IntArray


@dataclass(frozen=True)
class Difference:
    """The first and the worst of the differing elements of one tensor.

    Attributes:
        count, total: elements that differ, and all.
        index: of the first one (device layout, without the sample axis for a layer).
        expected, actual: its values.
        largest: largest absolute difference.
    """

    count: int
    total: int
    index: tuple[int, ...]
    expected: float
    actual: float
    largest: float

    def __str__(self) -> str:
        return (
            f"{self.count} of {self.total} values differ, by {self.largest} at most; "
            f"first at {list(self.index)}: expected {self.expected}, got {self.actual}"
        )


def first_difference(expected: IntArray, actual: IntArray) -> Difference | None:
    """None when all elements are equal, floats bit by bit; shapes must agree."""
    if expected.shape != actual.shape:
        raise ValueError(f"shapes differ: {expected.shape} and {actual.shape}")
    if expected.dtype == np.bool_:
        # A bool is a byte of 0 or 1, and nothing else.
        expected, actual = expected.view(np.uint8), actual.view(np.uint8)
    real = expected.dtype.kind == "f"
    wrong = expected.view(np.int32) != actual.view(np.int32) if real else expected != actual
    count = int(wrong.sum())
    if not count:
        return None
    index = tuple(int(i) for i in np.argwhere(wrong)[0])
    wide, number = (np.float64, float) if real else (np.int64, int)
    distance = np.abs(expected.astype(wide) - actual.astype(wide))
    worst = number(distance[wrong].max())
    return Difference(count, expected.size, index, number(expected[index]), number(actual[index]), worst)
