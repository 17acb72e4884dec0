"""Padding with real zero."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from mcugen.graph.ops.base import Operator
from mcugen.graph.ops.checks import require, require_arity, require_movable, require_shape
from mcugen.graph.tensor import IntArray, Tensor


@dataclass(frozen=True, kw_only=True)
class Pad(Operator):
    """LiteRT PAD with the zero point (real 0; plain integers with 0); input and output share type and quantization.

    Attributes:
        padding: (before, after) for each axis.
    """

    kind: ClassVar[str] = "pad"
    padding: tuple[tuple[int, int], ...]

    def validate(self, inputs: Sequence[Tensor], outputs: Sequence[Tensor]) -> None:
        require_arity(self, inputs, outputs, 1, 1)
        x, out = inputs[0], outputs[0]
        require_movable(self, x, out)
        require(len(self.padding) == len(x.shape), self, f"{len(self.padding)} paddings for {len(x.shape)} axes")
        require(all(min(pair) >= 0 for pair in self.padding), self, f"padding {self.padding} must not be negative")
        sizes = zip(x.shape, self.padding, strict=True)
        require_shape(self, out, tuple(before + size + after for size, (before, after) in sizes))

    def reference(
        self, inputs: Sequence[IntArray], tensors_in: Sequence[Tensor], tensors_out: Sequence[Tensor]
    ) -> list[IntArray]:
        zero = tensors_in[0].zero_point if tensors_in[0].quantization else 0
        return [np.pad(inputs[0], self.padding, constant_values=zero)]
