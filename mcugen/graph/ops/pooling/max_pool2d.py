"""Maximum pooling over NHWC."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from mcugen.graph.ops.base import Operator
from mcugen.graph.ops.windows import pad_image, require_pool, window_view
from mcugen.graph.tensor import IntArray, Tensor


@dataclass(frozen=True, kw_only=True)
class MaxPool2d(Operator):
    """LiteRT MAX_POOL_2D: the maximum over the window's part inside the input.

    Input (N, H, W, C), output (N, OH, OW, C); they share their quantization.

    Attributes:
        kernel, stride: (vertical, horizontal).
        padding: (top, left, bottom, right), each smaller than the kernel; padding never wins.
        clamp: lowest and highest output integer (fused activation).
    """

    kind: ClassVar[str] = "max_pool2d"
    kernel: tuple[int, int]
    stride: tuple[int, int]
    padding: tuple[int, int, int, int] = (0, 0, 0, 0)
    clamp: tuple[int, int] = (-128, 127)

    def validate(self, inputs: Sequence[Tensor], outputs: Sequence[Tensor]) -> None:
        require_pool(self, inputs, outputs, self.kernel, self.stride, self.padding, self.clamp)

    def reference(
        self, inputs: Sequence[IntArray], tensors_in: Sequence[Tensor], tensors_out: Sequence[Tensor]
    ) -> list[IntArray]:
        image = pad_image(inputs[0], self.padding, tensors_in[0].integer_range[0])
        largest = window_view(image, self.kernel, self.stride).max(axis=(-2, -1))
        return [np.clip(largest, *self.clamp).astype(inputs[0].dtype)]
