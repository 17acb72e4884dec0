"""Average pooling whose windows differ in size."""

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
from mcugen.graph.tensor import DTYPES, IntArray, Tensor

Spans = tuple[tuple[int, int], ...]
"""(first, end) of each output row's or column's window in the input."""

_MOST_ELEMENTS = {"int8": 1 << 23, "int16": 1 << 15}
"""Of an image, by type: their sum and half their count fit 32 bits."""


@dataclass(frozen=True, kw_only=True)
class AdaptiveAveragePool2d(Operator):
    """The mean of the raw integers (zero point included) over each window, rounded half away from zero, as
    `AveragePool2d` does with windows of one size.

    Input (N, H, W, C), output (N, OH, OW, C), int8 or int16; they share their quantization.

    Attributes:
        rows, columns: see `Spans`.
    """

    kind: ClassVar[str] = "adaptive_average_pool2d"
    rows: Spans
    columns: Spans

    def validate(self, inputs: Sequence[Tensor], outputs: Sequence[Tensor]) -> None:
        require_arity(self, inputs, outputs, 1, 1)
        x, out = inputs[0], outputs[0]
        require_activations(self, x, out)
        require_nhwc(self, x, out)
        require_same_quantization(self, x, out)
        # The ends of windows fit 16 bits.
        fits = x.shape[1] * x.shape[2] < _MOST_ELEMENTS[x.dtype] and max(x.shape[1:3]) < 1 << 15
        require(fits, self, f"images of {x.shape[1:3]} are too large")
        for spans, size in ((self.rows, x.shape[1]), (self.columns, x.shape[2])):
            for first, end in spans:
                require(0 <= first < end <= size, self, f"window {(first, end)} is not in an image of {x.shape[1:3]}")
        require_shape(self, out, (x.shape[0], len(self.rows), len(self.columns), x.shape[3]))

    def reference(
        self, inputs: Sequence[IntArray], tensors_in: Sequence[Tensor], tensors_out: Sequence[Tensor]
    ) -> list[IntArray]:
        x = inputs[0].astype(np.int64)
        result = np.zeros(tensors_out[0].shape, DTYPES[tensors_out[0].dtype])
        for y, (top, bottom) in enumerate(self.rows):
            for column, (left, right) in enumerate(self.columns):
                total, count = x[:, top:bottom, left:right].sum(axis=(1, 2)), (bottom - top) * (right - left)
                # C's division truncates: divide magnitudes.
                result[:, y, column] = np.sign(total) * ((np.abs(total) + count // 2) // count)
        return [result]
