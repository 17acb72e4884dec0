"""Kernels that move over an input: strides, dilation, padding and upscaling.

The NPU has no register for an input's height and width: they follow from the output, the kernel and the padding.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from mcugen.ethosu.model.registers import Registers

_MOST_ELEMENTS = 256 * 256


@dataclass(frozen=True)
class Window:
    """Two numbers are for rows and columns.

    Attributes:
        kernel: elements, not counting the gaps of dilation.
        before, after: padding: top and left, bottom and right.
        upscale: "NONE", "NEAREST" (each element 2×2 times) or "ZEROS" (zero points in between).

    """

    kernel: tuple[int, int]
    stride: tuple[int, int]
    dilation: tuple[int, int]
    before: tuple[int, int]
    after: tuple[int, int]
    upscale: str
    output: tuple[int, int]

    @property
    def padded(self) -> tuple[int, int]:
        sizes = zip(self.output, self.stride, self.kernel, self.dilation, strict=True)
        height, width = ((o - 1) * s + (k - 1) * d + 1 for o, s, k, d in sizes)
        return height, width

    @property
    def upscaled(self) -> tuple[int, int]:
        """The input's size behind upscaling."""
        height, width = (p - b - a for p, b, a in zip(self.padded, self.before, self.after, strict=True))
        return height, width

    @property
    def input(self) -> tuple[int, int]:
        """The input's size in memory."""
        height, width = ((n if self.upscale == "NONE" else -(-n // 2)) for n in self.upscaled)
        return height, width

    @property
    def is_padded(self) -> bool:
        return any(self.before + self.after)

    def seen(self, rows: slice, columns: slice, most: tuple[int, int]) -> tuple[slice, slice]:
        """Rows and columns of the input in memory that outputs need; of a kernel beyond `most`, its first elements."""
        factor = 1 if self.upscale == "NONE" else 2
        result = []
        for axis, part in enumerate((rows, columns)):
            reach = min((self.kernel[axis] - 1) * self.dilation[axis] + 1, most[axis])
            first = part.start * self.stride[axis] - self.before[axis]
            behind = (part.stop - 1) * self.stride[axis] - self.before[axis] + reach
            size = self.input[axis]
            low = min(max(first, 0) // factor, size)
            result.append(slice(low, max(low, min(-(-behind // factor), size))))
        return result[0], result[1]

    def expand(self, values: npt.NDArray[Any], padding: float) -> npt.NDArray[Any]:
        """An input (height, width, depth) without its zero point, upscaled and padded."""
        if self.upscale != "NONE":
            height, width = self.upscaled
            big = values.repeat(2, 0).repeat(2, 1)
            if self.upscale == "ZEROS":
                big[1::2], big[:, 1::2] = 0, 0
            values = big[:height, :width]
        if not self.is_padded:
            return values
        result = np.full((*self.padded, values.shape[2]), padding, values.dtype)
        top, left = self.before
        result[top : top + values.shape[0], left : left + values.shape[1]] = values
        return result

    def taps(self, expanded: npt.NDArray[Any]) -> Iterator[tuple[int, int, npt.NDArray[Any]]]:
        """For each element of the kernel its row, its column, and what it meets at each output."""
        for y in range(self.kernel[0]):
            for x in range(self.kernel[1]):
                rows, columns = (
                    slice(k * d, k * d + (o - 1) * s + 1, s)
                    for k, d, o, s in zip((y, x), self.dilation, self.output, self.stride, strict=True)
                )
                yield y, x, expanded[rows, columns]

    def columns(self, expanded: npt.NDArray[Any]) -> npt.NDArray[Any]:
        """What the whole kernel meets: a row for each output, in the order kernel row, kernel column, channel."""
        height, width, depth = self.output[0], self.output[1], expanded.shape[2]
        y, x, c = expanded.strides
        shape = (height, width, *self.kernel, depth)
        strides = (y * self.stride[0], x * self.stride[1], y * self.dilation[0], x * self.dilation[1], c)
        return np.lib.stride_tricks.as_strided(expanded, shape, strides).reshape(height * width, -1)


def read_window(registers: Registers, output: tuple[int, int]) -> Window:
    """The kernel of an operation with outputs of this height and width.

    Raises:
        StreamError: kernel, padding and output contradict each other.
    """
    fields = registers.values["KERNEL_STRIDE"].fields() if "KERNEL_STRIDE" in registers.values else {}
    registers["KERNEL_STRIDE"]
    if registers.choice("KERNEL_STRIDE", "decomposition") != "D8X8":
        raise registers.unknown("a kernel decomposed into 4×4 was not seen yet")
    stride, dilation, kernel = [], [], []
    for axis, side in (("y", "HEIGHT"), ("x", "WIDTH")):
        stride.append(1 + fields[f"stride_{axis}_lsb"] + 2 * fields[f"stride_{axis}_msb"])
        gap = 1 + fields[f"dilation_{axis}"]
        span = registers[f"KERNEL_{side}_M1"]
        if span % gap:
            raise registers.wrong(f"has a kernel that reaches over {span + 1} elements with a dilation of {gap}")
        dilation.append(gap)
        kernel.append(span // gap + 1)
    if kernel[0] * kernel[1] > _MOST_ELEMENTS:
        raise registers.wrong(f"has a kernel of {kernel[0]}×{kernel[1]} elements, which no NPU has")
    before, after = (
        [registers[f"IFM_PAD_{side}"] for side in sides] for sides in (("TOP", "LEFT"), ("BOTTOM", "RIGHT"))
    )
    window = Window(
        (kernel[0], kernel[1]),
        (stride[0], stride[1]),
        (dilation[0], dilation[1]),
        (before[0], before[1]),
        (after[0], after[1]),
        registers.choice("IFM_UPSCALE", "mode"),
        output,
    )
    if min(window.input) < 1:
        raise registers.wrong(f"has an input of {window.input[0]}×{window.input[1]} elements: its padding is as large")
    return window
