"""Feature maps in memory: formats, strides and tiles.

A feature map of height, width and depth lies in up to four tiles: left and right of column WIDTH0; the left ones
split at row HEIGHT0, the right ones at HEIGHT1; BASE0 to BASE3 are top left, top right, bottom left, bottom right. In
NHWC an element is at base + y · STRIDE_Y + x · STRIDE_X + channel · size; in NHCWB16 16 channels stand together: base
+ y · STRIDE_Y + x · 16 · size + (channel div 16) · STRIDE_C + (channel mod 16) · size.

Source: what Arm's Vela 5.2 writes (`register_command_stream_generator.py`), found to be so by running.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from mcugen.ethosu.model.memory import Access, Bytes
from mcugen.ethosu.model.registers import Registers

BRICK = 16
Shape = tuple[int, int, int]
Box = tuple[slice, slice, slice]
"""Rows, columns and channels."""

_TYPES: dict[tuple[str, str], type[np.integer]] = {
    ("UNSIGNED", "B8"): np.uint8,
    ("SIGNED", "B8"): np.int8,
    ("UNSIGNED", "B16"): np.uint16,
    ("SIGNED", "B16"): np.int16,
    ("SIGNED", "B32"): np.int32,
}
_WIDE_TYPES = _TYPES | {("SIGNED", "B64"): np.int64}
"""On U85."""


@dataclass(frozen=True)
class _Part:
    """Rows, columns and channels that lie in memory with constant strides (y, x, block of channels, channel)."""

    rows: slice
    columns: slice
    channels: slice
    base: int
    shape: tuple[int, int, int, int]
    strides: tuple[int, int, int, int]

    def within(self, box: Box) -> Iterator[_Part]:
        """What of it lies in a box, in pieces with constant strides again."""
        rows, columns, channels = (
            slice(max(own.start, wanted.start), min(own.stop, wanted.stop))
            for own, wanted in zip((self.rows, self.columns, self.channels), box, strict=True)
        )
        if any(part.start >= part.stop for part in (rows, columns, channels)):
            return
        start = self.base + (rows.start - self.rows.start) * self.strides[0]
        start += (columns.start - self.columns.start) * self.strides[1]
        size = (rows.stop - rows.start, columns.stop - columns.start)
        # Blocks of channels that the box cuts differ in what is left of them.
        first, step = channels.start - self.channels.start, self.shape[3]
        last = channels.stop - self.channels.start
        while first < last:
            block, within = divmod(first, step)
            count = min(step - within, last - first)
            blocks = max(1, (last - first) // step) if within == 0 else 1
            place = start + block * self.strides[2] + within * self.strides[3]
            piece = slice(self.channels.start + first, self.channels.start + first + blocks * count)
            yield _Part(rows, columns, piece, place, (*size, blocks, count), self.strides)
            first += blocks * count


@dataclass(frozen=True)
class FeatureMap:
    """A feature map.

    Attributes:
        shape: height, width, depth.
        zero_point: what is subtracted from an input and added to an output.
    """

    name: str
    region: int
    shape: Shape
    dtype: np.dtype
    zero_point: int
    is_bricked: bool
    parts: tuple[_Part, ...]

    @property
    def size(self) -> int:
        """Elements."""
        return int(np.prod(self.shape))

    def accesses(self, *, writes: bool, box: Box | None = None) -> list[Access]:
        """The bytes of all its elements, or of those in a box."""
        parts = self.parts if box is None else [part for whole in self.parts for part in whole.within(box)]
        return [self._access(part, writes) for part in parts]

    @property
    def runs(self) -> int:
        """How many pieces of memory without a gap it is."""
        return sum(math.prod(self._runs(part)[0]) for part in self.parts)

    def _runs(self, part: _Part) -> tuple[list[int], list[int], int]:
        """Sizes, strides and bytes of runs of channels; where one follows another without a gap, they are one."""
        sizes, strides, length = list(part.shape[:3]), list(part.strides[:3]), part.shape[3] * self.dtype.itemsize
        for axis in sorted(range(3), key=lambda axis: abs(strides[axis])):
            if strides[axis] == length or sizes[axis] == 1:
                length *= sizes[axis]
                sizes[axis] = 1
        return sizes, strides, length

    def _access(self, part: _Part, writes: bool) -> Access:
        sizes, strides, length = self._runs(part)
        y, x, block = (np.arange(size) * stride for size, stride in zip(sizes, strides, strict=True))
        starts = part.base + y[:, None, None] + x[:, None] + block
        return Access(self.region, starts.ravel(), length, writes)

    def views(self, memory: Bytes) -> list[tuple[_Part, npt.NDArray[Any]]]:
        """Each part's elements in memory, not copied: (rows, columns, blocks, channels)."""
        return [
            (
                part,
                np.ndarray(part.shape, self.dtype, buffer=memory.data, offset=part.base, strides=part.strides),
            )
            for part in self.parts
        ]


def registers_of(registers: Registers, name: str) -> tuple[np.dtype, bool]:
    """Type of a feature map's elements, and whether it lies in bricks (NHCWB16).

    Args:
        name: "IFM", "IFM2" or "OFM".
    """
    precision = f"{name}_PRECISION"
    key = registers.choice(precision, "activation_type"), registers.choice(precision, "activation_precision")
    types = _WIDE_TYPES if registers.configuration.product == "U85" else _TYPES
    if key not in types:
        raise registers.wrong(f"has an {name} of the type {' '.join(key)}, which does not exist")
    return np.dtype(types[key]), registers.choice(precision, "activation_format") == "NHCWB16"


def read_feature_map(registers: Registers, name: str, shape: Shape) -> FeatureMap:
    """The feature map that the registers of IFM, IFM2 or OFM describe.

    Args:
        shape: height, width, depth.
    """
    dtype, is_bricked = registers_of(registers, name)
    strides = tuple(registers.signed_address(f"{name}_STRIDE_{axis}") for axis in "YXC")
    parts = tuple(
        part
        for tile in _tiles(registers, name, shape)
        for part in (_bricks if is_bricked else _plain)(*tile, shape[2], strides, dtype.itemsize)
    )
    zero_point = registers.signed(f"{name}_ZERO_POINT", dtype.kind == "i")
    return FeatureMap(name, registers[f"{name}_REGION"], shape, dtype, zero_point, is_bricked, parts)


def _tiles(registers: Registers, name: str, shape: Shape) -> Iterator[tuple[slice, slice, int]]:
    """Rows, columns and base of each tile that is used."""
    height, width, _ = shape
    if min(shape) < 1:
        raise registers.wrong(f"has an {name} of the size {height}×{width}×{shape[2]}")
    left = min(width, registers[f"{name}_WIDTH0_M1"] + 1)
    for side, columns in enumerate((slice(0, left), slice(left, width))):
        top = min(height, registers[f"{name}_HEIGHT{side}_M1"] + 1)
        for below, rows in enumerate((slice(0, top), slice(top, height))):
            if columns.start < columns.stop and rows.start < rows.stop:
                yield rows, columns, registers[f"{name}_BASE{side + 2 * below}"]


def _plain(rows: slice, columns: slice, base: int, depth: int, strides: tuple[int, ...], item: int) -> Iterator[_Part]:
    size = (rows.stop - rows.start, columns.stop - columns.start, 1, depth)
    yield _Part(rows, columns, slice(0, depth), base, size, (strides[0], strides[1], 0, item))


def _bricks(rows: slice, columns: slice, base: int, depth: int, strides: tuple[int, ...], item: int) -> Iterator[_Part]:
    """Whole bricks, then the channels of a last one that is not full."""
    height, width = rows.stop - rows.start, columns.stop - columns.start
    steps = (strides[0], BRICK * item, strides[2], item)
    whole = depth // BRICK
    if whole:
        yield _Part(rows, columns, slice(0, whole * BRICK), base, (height, width, whole, BRICK), steps)
    if rest := depth % BRICK:
        place = base + whole * strides[2]
        yield _Part(rows, columns, slice(whole * BRICK, depth), place, (height, width, 1, rest), steps)


class Reader:
    """Reads a feature map out of memory."""

    def __init__(self, fm: FeatureMap, memory: Bytes) -> None:
        self.shape, self.dtype = fm.shape, fm.dtype
        self._views = fm.views(memory)

    def read(self) -> npt.NDArray[Any]:
        """Its elements (height, width, depth), in the memory's type, not to be written to."""
        if len(self._views) == 1:
            return self._views[0][1].reshape(self.shape)
        result = np.empty(self.shape, self.dtype)
        for part, view in self._views:
            target = result[part.rows, part.columns, part.channels]
            target[...] = view.reshape(target.shape)
        return result


class Writer:
    """Writes a feature map into memory."""

    def __init__(self, fm: FeatureMap, memory: Bytes) -> None:
        self.dtype = fm.dtype
        self._views = fm.views(memory)

    def write(self, values: npt.NDArray[Any]) -> None:
        """Stores values (height, width, depth), which must be within the type's range."""
        for part, view in self._views:
            view[...] = values[part.rows, part.columns, part.channels].reshape(view.shape)
