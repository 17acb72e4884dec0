"""Maximum pooling whose windows differ in size or leave elements out, and the places of the maxima."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from mcugen.graph.ops.base import Operator
from mcugen.graph.ops.checks import (
    require,
    require_activations,
    require_arity,
    require_nhwc,
    require_same_quantization,
    require_shape,
)
from mcugen.graph.ops.pooling.adaptive_average_pool2d import Spans
from mcugen.graph.tensor import IntArray, Tensor


@dataclass(frozen=True, kw_only=True)
class _Spanned(Operator):
    """Input (N, H, W, C), output (N, OH, OW, C).

    Attributes:
        rows, columns: see `Spans`.
        step: (vertical, horizontal) distance of the elements of a window.
    """

    rows: Spans
    columns: Spans
    step: tuple[int, int] = (1, 1)

    def require_windows(self, inputs: Sequence[Tensor], outputs: Sequence[Tensor]) -> None:
        """Raises ValueError when shapes or windows break the rules."""
        require_arity(self, inputs, outputs, 1, 1)
        x, out = inputs[0], outputs[0]
        require_activations(self, x)
        require(len(x.shape) == 4, self, f"input {x.name!r} has shape {x.shape}, must be (N, H, W, C)")
        require(max(x.shape[1:3]) < 1 << 15, self, f"images of {x.shape[1:3]} are too large")
        require(min(self.step) > 0, self, f"step {self.step} must be positive")
        for spans, size in ((self.rows, x.shape[1]), (self.columns, x.shape[2])):
            for first, end in spans:
                require(0 <= first < end <= size, self, f"window {(first, end)} is not in an image of {x.shape[1:3]}")
        require_shape(self, out, (x.shape[0], len(self.rows), len(self.columns), x.shape[3]))

    def windows(self, x: IntArray) -> list[list[IntArray]]:
        """The elements of each window: (N, elements, C) by row and column of the output."""
        n, _, _, channels = x.shape
        return [
            [
                x[:, top : bottom : self.step[0], left : right : self.step[1]].reshape(n, -1, channels)
                for left, right in self.columns
            ]
            for top, bottom in self.rows
        ]


@dataclass(frozen=True, kw_only=True)
class SpannedMaxPool2d(_Spanned):
    """The largest element of each window: adaptive and dilated pooling. Input and output share their quantization."""

    kind: ClassVar[str] = "spanned_max_pool2d"

    def validate(self, inputs: Sequence[Tensor], outputs: Sequence[Tensor]) -> None:
        self.require_windows(inputs, outputs)
        require_activations(self, *inputs, *outputs)
        require_nhwc(self, *inputs, *outputs)
        require_same_quantization(self, inputs[0], outputs[0])

    def reference(
        self, inputs: Sequence[IntArray], tensors_in: Sequence[Tensor], tensors_out: Sequence[Tensor]
    ) -> list[IntArray]:
        found = [[window.max(axis=1) for window in row] for row in self.windows(inputs[0])]
        return [np.moveaxis(np.array(found, inputs[0].dtype), 2, 0)]


@dataclass(frozen=True, kw_only=True)
class MaxPoolPlaces2d(_Spanned):
    """The place of the first largest element of each window, row by row, as PyTorch's `return_indices` gives it: int64.

    Attributes:
        row_elements: what an input row adds to a place: its elements, or 0 where each row is a signal of its own.
    """

    kind: ClassVar[str] = "max_pool_places2d"
    row_elements: int

    def validate(self, inputs: Sequence[Tensor], outputs: Sequence[Tensor]) -> None:
        self.require_windows(inputs, outputs)
        out = outputs[0]
        require(out.dtype == "int64" and out.quantization is None, self, f"makes int64, not {out.dtype}")
        require(self.row_elements in (0, inputs[0].shape[2]), self, f"rows of {self.row_elements} elements")

    def reference(
        self, inputs: Sequence[IntArray], tensors_in: Sequence[Tensor], tensors_out: Sequence[Tensor]
    ) -> list[IntArray]:
        result = np.zeros(tensors_out[0].shape, np.int64)
        for y, row in enumerate(self.windows(inputs[0])):
            for x, window in enumerate(row):
                left, right = self.columns[x]
                down, across = np.divmod(window.argmax(axis=1), len(range(left, right, self.step[1])))
                line, column = self.rows[y][0] + down * self.step[0], left + across * self.step[1]
                result[:, y, x] = line * self.row_elements + column
        return [result]
