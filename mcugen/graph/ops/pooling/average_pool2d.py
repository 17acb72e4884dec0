"""Average pooling over NHWC."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from mcugen.graph.ops.base import Operator
from mcugen.graph.ops.checks import require
from mcugen.graph.ops.windows import pad_image, require_pool, window_view
from mcugen.graph.tensor import IntArray, Tensor

_MOST_SUM = 1 << 30
"""Of magnitudes in a window: with half its count it fits 32 bits."""


@dataclass(frozen=True, kw_only=True)
class AveragePool2d(Operator):
    """LiteRT AVERAGE_POOL_2D: the mean over the window's part inside the input, rounded half away from zero.

    Input (N, H, W, C), output (N, OH, OW, C); they share their quantization. The raw integers are averaged (zero point
    included), as in TFLM `reference_integer_ops::AveragePool`.

    Attributes:
        kernel, stride: (vertical, horizontal).
        padding: (top, left, bottom, right), each smaller than the kernel; padding is not counted.
        clamp: lowest and highest output integer (fused activation).
    """

    kind: ClassVar[str] = "average_pool2d"
    kernel: tuple[int, int]
    stride: tuple[int, int]
    padding: tuple[int, int, int, int] = (0, 0, 0, 0)
    clamp: tuple[int, int] = (-128, 127)

    def validate(self, inputs: Sequence[Tensor], outputs: Sequence[Tensor]) -> None:
        require_pool(self, inputs, outputs, self.kernel, self.stride, self.padding, self.clamp)
        count = min(self.kernel[0], inputs[0].shape[1]) * min(self.kernel[1], inputs[0].shape[2])
        most = count * -inputs[0].integer_range[0]
        require(most < _MOST_SUM, self, f"the sum of {count} elements can exceed 32 bits")

    def reference(
        self, inputs: Sequence[IntArray], tensors_in: Sequence[Tensor], tensors_out: Sequence[Tensor]
    ) -> list[IntArray]:
        image = pad_image(inputs[0].astype(np.int64), self.padding, 0)
        inside = pad_image(np.ones((*tensors_in[0].shape[:3], 1), np.int64), self.padding, 0)
        total = window_view(image, self.kernel, self.stride).sum(axis=(-2, -1))
        count = window_view(inside, self.kernel, self.stride).sum(axis=(-2, -1))
        # C's division truncates: divide magnitudes.
        mean = np.sign(total) * ((np.abs(total) + count // 2) // count)
        return [np.clip(mean, *self.clamp).astype(inputs[0].dtype)]
