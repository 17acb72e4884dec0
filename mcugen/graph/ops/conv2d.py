"""Two-dimensional convolution over NHWC, int8 weights per output channel."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

from mcugen.graph.ops.base import Operator
from mcugen.graph.tensor import IntArray, Tensor


@dataclass(frozen=True, kw_only=True)
class Conv2d(Operator):
    """LiteRT CONV_2D.

    Inputs: activations (1, H, W, I); weights (O, KH, KW, I / groups), symmetric, per output channel (axis 0) or per
    tensor; optionally bias (O,) int32 with scale input x weight. Output (1, OH, OW, O).

    Attributes:
        stride, dilation: (vertical, horizontal).
        padding: (top, left, bottom, right), filled with the input's zero point.
        clamp: lowest and highest output integer (fused activation).
    """

    kind: ClassVar[str] = "conv2d"
    stride: tuple[int, int] = (1, 1)
    padding: tuple[int, int, int, int] = (0, 0, 0, 0)
    dilation: tuple[int, int] = (1, 1)
    clamp: tuple[int, int] = (-128, 127)
