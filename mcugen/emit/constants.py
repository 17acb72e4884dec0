"""Constant arrays of a module: equal ones are stored once, and each is written as C text."""

from __future__ import annotations

import bisect
import itertools
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from mcugen.graph.tensor import IntArray
from mcugen.kernels.base import C_TYPES, Constant

_LINE_WIDTH = 112


@dataclass(frozen=True, eq=False)
class ConstantArray:
    """One array in flash: C symbol, C type, values and alignment in bytes."""

    symbol: str
    data: IntArray
    alignment: int

    @property
    def c_type(self) -> str:
        return C_TYPES[self.data.dtype.name]

    @property
    def as_bytes(self) -> str:
        """The symbol as a pointer to int8_t."""
        return self.symbol if self.c_type == "int8_t" else f"(const int8_t *)(const void *){self.symbol}"

    @property
    def lines(self) -> Iterator[str]:
        """The initializer's lines."""
        texts = _literals(self.data.view(np.uint8) if self.data.dtype == np.bool_ else self.data)
        # Characters up to the end of each number, with a space after it.
        ends = list(itertools.accumulate(len(text) + 1 for text in texts))
        first, before = 0, 0
        while first < len(texts):
            after = max(first + 1, bisect.bisect_right(ends, before + _LINE_WIDTH + 1, first))
            yield " ".join(texts[first:after])
            first, before = after, ends[after - 1]


def _literals(data: IntArray) -> list[str]:
    """Each number as a C literal and a comma; all are finite."""
    values = data.tolist()
    if data.dtype.kind == "f":
        return [f"{value!r}f," for value in values]
    if data.dtype.kind == "u":
        return [f"{value}u," for value in values]
    texts = [f"{value}," for value in values]
    lowest = int(np.iinfo(data.dtype).min)
    if lowest < -(2**15):
        # -2147483648 is no literal in C: the minus sign applies to a constant that overflows int.
        for place in np.flatnonzero(data == lowest):
            texts[place] = f"({lowest + 1} - 1),"
    return texts


class ConstantPool:
    """Collects the arrays of all layers; asking twice for the same bytes gives the same symbol."""

    def __init__(self, prefix: str) -> None:
        self._prefix = prefix
        self._by_content: dict[tuple[str, bytes], ConstantArray] = {}
        self._symbols: set[str] = set()

    def add(self, layer: str, constant: Constant) -> ConstantArray:
        data = np.ascontiguousarray(constant.data.reshape(-1))
        key = (data.dtype.name, data.tobytes())
        known = self._by_content.get(key)
        if known is not None and known.alignment >= constant.alignment:
            return known
        symbol = known.symbol if known else self._unique(f"{self._prefix}_{layer}_{constant.role}")
        array = ConstantArray(symbol, data, constant.alignment)
        self._by_content[key] = array
        return array

    def _unique(self, symbol: str) -> str:
        candidate, number = symbol, 2
        while candidate in self._symbols:
            candidate = f"{symbol}_{number}"
            number += 1
        self._symbols.add(candidate)
        return candidate

    @property
    def arrays(self) -> list[ConstantArray]:
        return list(self._by_content.values())

    @property
    def total_bytes(self) -> int:
        return sum(int(a.data.nbytes) for a in self.arrays)
