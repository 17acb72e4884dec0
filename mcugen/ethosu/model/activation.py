"""Tables in SHRAM, and the NPU's own tanh and sigmoid.

A table of 8 bits has 256 entries of a byte, by value − lowest value; one of 32 bits 256 entries of four, by value +
128 of a value clamped to int8; one of 16 bits 512 entries of base (low half) and slope (high half), a straight line
for each 128 values. Found by running Vela's networks against TensorFlow Lite's reference kernels.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import ClassVar

import numpy as np

from mcugen.ethosu.model.arithmetic import Integers, half_up
from mcugen.ethosu.model.memory import Bytes

_SLOT = 256


class Table:
    """A table where it lies in SHRAM: read anew at every call.

    Attributes:
        bytes: that it takes up.
        slot_bytes: the distance of slots.
    """

    bytes: ClassVar[int] = 256
    slot_bytes: ClassVar[int] = _SLOT

    def __init__(self, memory: Bytes) -> None:
        self.memory = memory

    def __call__(self, values: Integers) -> Integers:
        raise NotImplementedError


class _Signed8(Table):
    def __call__(self, values: Integers) -> Integers:
        return self.memory.view(np.int8)[values + 128].astype(np.int64)


class _Unsigned8(Table):
    def __call__(self, values: Integers) -> Integers:
        return self.memory[values].astype(np.int64)


class _Wide(Table):
    bytes = 1024

    def __call__(self, values: Integers) -> Integers:
        return self.memory.view("<i4")[values + 128].astype(np.int64)


class _Lines(Table):
    bytes = 2048

    def __call__(self, values: Integers) -> Integers:
        lines = self.memory.view("<i2").astype(np.int64).reshape(512, 2)
        at = values + 32768 >> 7
        return np.asarray(lines[at, 0] + half_up(lines[at, 1] * (values & 127), 7))


TABLES: Mapping[np.dtype, type[Table]] = {
    np.dtype(np.int8): _Signed8,
    np.dtype(np.uint8): _Unsigned8,
    np.dtype(np.int16): _Lines,
    np.dtype(np.int32): _Wide,
}
"""Tables by the type of the output."""


def _sigmoid_table() -> Integers:
    """65536 · sigmoid(i / 24) for i = 0 … 256, as TensorFlow Lite's int16 kernels have it.

    Those listed are one more than the rounded value: fitted on all inputs of LOGISTIC and TANH.
    """
    values = np.floor(65536 / (1 + np.exp(-np.arange(257) / 24)) + 0.5).astype(np.int64)
    higher = (
        "4 8 12 14 15 16 17 19 20 21 22 25 27 28 29 30 31 33 34 35 37 39 40 41 43 44 45 46 49 50 54 62 63 64 66 82 86 "
        "93 100 103 112 116 135 255"
    )
    values = np.minimum(values, 65535)
    values[[int(i) for i in higher.split()]] += 1
    return values


_SIGMOID = _sigmoid_table()


def _line(magnitude: Integers, bits: int, top: int) -> Integers:
    """The table at magnitude · 2^−bits, straight lines in between, · 2^bits; `top`: what it ends at."""
    at = np.minimum(magnitude >> bits, 255)
    line = (_SIGMOID[at] << bits) + (magnitude & (1 << bits) - 1) * (_SIGMOID[at + 1] - _SIGMOID[at])
    return np.where(magnitude >> bits >= 255, top << bits, line)


def sigmoid(values: Integers) -> Integers:
    """32768 · sigmoid(value / 12288)."""
    line = _line(np.abs(values), 9, 65534)
    return np.where(values >= 0, line + (1 << 9), (1 << 25) - line + (1 << 9) - 1) >> 10


def tanh(values: Integers) -> Integers:
    """32768 · tanh(value / 12288) = 2 · sigmoid(2 · value / 12288) − 1."""
    line = _line(np.abs(values), 8, 65535) - (1 << 23)
    return np.where(values >= 0, line + (1 << 7), -line + (1 << 7) - 1) >> 8


BUILT_IN: Mapping[str, Callable[[Integers], Integers]] = {"TANH": tanh, "SIGMOID": sigmoid}
"""By the register's value; they take the scaled output in steps of 1/12288."""
