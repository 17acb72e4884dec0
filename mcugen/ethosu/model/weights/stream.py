"""Weight streams: Golomb-Rice coded slices of bits, lowest bit first.

A slice has a header: divisor of the zero runs (3 bits, 6: no runs, 7: the end), count of weights − 1 (15), divisor of
the weights (3, 7: plain), truncation (1), new palette (1); with a new palette: offset of what is not in it (5), size
(5, n means n + 1, 0 none), bits of an entry − 2 (3), its entries. Then chunks: twelve bits that say how many
quotients end in them, as many bits again, and the remainders of the chunk before, of weights and of the runs of zeros
between them in turn. A weight is an index into the palette, or beyond it a value; either is magnitude · 2 + sign.

Sources: `mlw_codec/mlw_decode.c` of Arm's Vela (Apache-2.0), and streams of all kinds, decoded.
"""

from __future__ import annotations

import functools
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

_END, _NO_RUNS, _PLAIN = 7, 6, 7
_WINDOW = 4  # bytes that a read takes up
_LARGEST_INDEX = 511  # weights have nine bits


class WeightStreamError(Exception):
    """A stream is damaged or ends early; says at which bit."""


class _Bits:
    def __init__(self, data: bytes) -> None:
        self.data, self.at, self.end = data + bytes(_WINDOW), 0, 8 * len(data)

    def take(self, count: int) -> int:
        """The next bits, 25 at most."""
        at = self.at
        self.skip(count)
        first = at >> 3
        return int.from_bytes(self.data[first : first + _WINDOW], "little") >> (at & 7) & ((1 << count) - 1)

    def skip(self, count: int) -> None:
        self.at += count
        if self.at > self.end:
            raise WeightStreamError(f"the weight stream of {self.end // 8} bytes ends inside a slice")

    def align(self) -> None:
        self.at = self.at + 7 & ~7

    def gather(self, places: npt.NDArray[np.int64], count: int) -> npt.NDArray[np.int64]:
        """Numbers of `count` bits, 9 at most, at each of the places."""
        data = np.frombuffer(self.data, np.uint8)
        first = places >> 3
        words = data[first] | data[first + 1].astype(np.int64) << 8
        return np.asarray(words >> (places & 7) & ((1 << count) - 1))


@dataclass(frozen=True)
class _Palette:
    entries: tuple[int, ...]
    bits: int
    offset: int

    def weights(self, index: npt.NDArray[np.int64]) -> npt.NDArray[np.int16]:
        """Indices, which go on behind the palette, as signed weights."""
        table = np.array(self.entries or (0,), np.int64)
        size = len(self.entries)
        value = np.where(index < size, table[np.minimum(index, len(table) - 1)], index - size + self.offset)
        magnitude = value >> 1
        return np.where(value & 1, -magnitude, magnitude).astype(np.int16)


def decode(data: bytes) -> npt.NDArray[np.int16]:
    """All weights of a stream, in its order.

    Raises:
        WeightStreamError: it is damaged, or ends inside a slice.
    """
    bits, pieces, palette = _Bits(data), [], None
    while bits.end - bits.at >= 3:
        zero_divisor = bits.take(3)
        if zero_divisor == _END:
            bits.align()  # and 0xFF, which fills the stream up, is more of these
            palette = None
            continue
        if zero_divisor > 3 and zero_divisor != _NO_RUNS:
            raise WeightStreamError(f"the weight stream has a slice of an unknown kind before bit {bits.at}")
        count, divisor, truncates = bits.take(15) + 1, bits.take(3), bool(bits.take(1))
        is_new = bool(bits.take(1))
        if is_new:
            offset, size, width = bits.take(5), bits.take(5), bits.take(3) + 2
            palette = _Palette(tuple(bits.take(width) for _ in range(size + 1 if size else 0)), width, offset)
        if palette is None:
            raise WeightStreamError(f"the weight stream has a first slice without a palette before bit {bits.at}")
        has_runs = zero_divisor != _NO_RUNS
        is_plain = divisor == _PLAIN
        if is_plain:
            divisor = (len(palette.entries) - 1).bit_length() if palette.entries else palette.bits
        elif divisor > 5:
            raise WeightStreamError(f"the weight stream has a slice with the divisor {divisor} before bit {bits.at}")
        indices = _Symbols(count, divisor)
        runs = _Symbols(count + is_new if has_runs else 0, zero_divisor)
        _read_chunks(bits, indices, runs, has_runs, is_plain, truncates)
        found = indices.values(bits)
        if found.max() > _LARGEST_INDEX:
            raise WeightStreamError(f"the weight stream has a weight beyond nine bits before bit {bits.at}")
        weights = palette.weights(found)
        pieces.append(_between(weights, runs.values(bits), is_new) if has_runs else weights)
    return np.concatenate(pieces) if pieces else np.zeros(0, np.int16)


def _between(weights: npt.NDArray[np.int16], gaps: npt.NDArray[np.int64], is_new: bool) -> npt.NDArray[np.int16]:
    """Weights with runs of zeros behind each; with a new palette the first run stands before them."""
    first = int(gaps[0]) if is_new else 0
    after = gaps[1:] if is_new else gaps
    result = np.zeros(first + len(weights) + int(after.sum()), np.int16)
    result[first + np.arange(len(weights)) + np.concatenate(([0], np.cumsum(after[:-1])))] = weights
    return result


class _Symbols:
    """Golomb-Rice coded numbers of a slice: quotients come in one chunk, their remainders in the next."""

    def __init__(self, count: int, divisor: int) -> None:
        self.count, self.divisor = count, divisor
        self.started = 0
        self._carry = 0
        self._quotients: list[int] = []
        self._waiting = 0
        self._places: list[int] = []
        self._sizes: list[int] = []

    def finish(self, bits: _Bits) -> None:
        """Passes the remainders of the chunk before."""
        if self._waiting:
            self._places.append(bits.at)
            self._sizes.append(self._waiting)
            bits.skip(self._waiting * self.divisor)
            self._waiting = 0

    def start(self, quotients: tuple[int, ...], carry: int) -> None:
        """Takes in the quotients that end in a chunk; `carry`: what has begun of the next."""
        if not quotients:
            self._carry += carry
            return
        done = len(self._quotients)
        self._quotients += quotients
        self._quotients[done] += self._carry
        self._carry = carry
        self._waiting = max(0, min(len(quotients), self.count - done))
        self.started = len(self._quotients)

    def values(self, bits: _Bits) -> npt.NDArray[np.int64]:
        """The slice's numbers."""
        quotients = np.array(self._quotients[: self.count], np.int64)
        sizes = np.array(self._sizes, np.int64)
        within = np.arange(len(quotients)) - np.repeat(np.cumsum(sizes) - sizes, sizes)
        places = np.repeat(np.array(self._places, np.int64), sizes) + within * self.divisor
        return (quotients << self.divisor) + bits.gather(places, self.divisor)


@functools.lru_cache(None)
def _unary(chunk: int, width: int) -> tuple[tuple[int, ...], int]:
    """Unary numbers in a chunk: ones up to each zero; and the ones behind the last zero."""
    found, run = [], 0
    for bit in range(width):
        if chunk >> bit & 1:
            run += 1
        else:
            found.append(run)
            run = 0
    return tuple(found), run


@functools.lru_cache(1 << 16)
def _paired(first: int, second: int, width: int, truncates: bool) -> tuple[tuple[int, ...], int]:
    """Quotients of weights: codes 0, 10, 11 count 0, 1, 2; less than 2 ends one, and when truncated everything does."""
    found, run = [], 0
    for bit in range(width):
        code = first >> bit & 1
        if code:
            code += second & 1
            second >>= 1
        run += code
        if code < 2 or truncates:
            found.append(run)
            run = 0
    return tuple(found), run


def _read_chunks(
    bits: _Bits, indices: _Symbols, runs: _Symbols, has_runs: bool, is_plain: bool, truncates: bool
) -> None:
    width = 8 if is_plain and indices.divisor > 5 else 12
    zero_width = 12 if runs.divisor < 3 else 8
    while True:
        ahead = indices.started - runs.started if has_runs else 0
        reads_indices = indices.started < indices.count and ahead < 8
        reads_runs = has_runs and runs.started < runs.count and ahead >= 0
        first = bits.take(12) if reads_indices and not is_plain else 0
        chunk = bits.take(zero_width) if reads_runs else 0
        second = bits.take(first.bit_count()) if reads_indices else 0
        indices.finish(bits)
        runs.finish(bits)
        if reads_indices:
            indices.start(*_paired(first, second, width, truncates))
        if reads_runs:
            runs.start(*_unary(chunk, zero_width))
        if not (reads_indices or reads_runs):
            return
