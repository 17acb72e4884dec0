"""The operator DepthwiseConv2d of the integer IR."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from mcugen.graph.ops.base import Operator


@dataclass(frozen=True, kw_only=True)
class DepthwiseConv2d(Operator):
    """LiteRT DEPTHWISE_CONV_2D. Inputs: activations (1, H, W, C); weights (1, KH, KW, C * channel multiplier), per channel on axis 3;
    optionally bias int32. Attributes as Conv2d; output channel c * multiplier + m reads input channel c."""

    kind: ClassVar[str] = "depthwise_conv2d"
    stride: tuple[int, int] = (1, 1)
    padding: tuple[int, int, int, int] = (0, 0, 0, 0)
    dilation: tuple[int, int] = (1, 1)
    clamp: tuple[int, int] = (-128, 127)
