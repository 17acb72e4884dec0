"""Padding with one value."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from mcugen.graph.ops.base import Operator
from mcugen.graph.ops.checks import require, require_arity, require_movable, require_shape
from mcugen.graph.tensor import DTYPES, IntArray, Tensor


@dataclass(frozen=True, kw_only=True)
class Pad(Operator):
    """LiteRT PAD with the zero point (real 0; plain integers with 0), PADV2 with another value; input and output share
    type and quantization.

    Attributes:
        padding: (before, after) for each axis.
        value: the integer of the padding; None for the zero point.
    """

    kind: ClassVar[str] = "pad"
    padding: tuple[tuple[int, int], ...]
    value: int | None = None

    def validate(self, inputs: Sequence[Tensor], outputs: Sequence[Tensor]) -> None:
        require_arity(self, inputs, outputs, 1, 1)
        x, out = inputs[0], outputs[0]
        require_movable(self, x, out)
        require(len(self.padding) == len(x.shape), self, f"{len(self.padding)} paddings for {len(x.shape)} axes")
        require(all(min(pair) >= 0 for pair in self.padding), self, f"padding {self.padding} must not be negative")
        low, high = x.integer_range
        require(low <= self.filling(x) <= high, self, f"value {self.value} is outside {x.dtype}")
        require(self.value in (None, 0) or DTYPES[x.dtype].itemsize == 1, self, f"{x.dtype} is padded with 0 only")
        sizes = zip(x.shape, self.padding, strict=True)
        require_shape(self, out, tuple(before + size + after for size, (before, after) in sizes))

    def reference(
        self, inputs: Sequence[IntArray], tensors_in: Sequence[Tensor], tensors_out: Sequence[Tensor]
    ) -> list[IntArray]:
        return [np.pad(inputs[0], self.padding, constant_values=self.filling(tensors_in[0]))]

    def filling(self, x: Tensor) -> int:
        """The integer of the padding for the input `x`."""
        if self.value is not None:
            return self.value
        return x.zero_point if x.quantization else 0
