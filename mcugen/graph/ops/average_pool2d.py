"""The operator AveragePool2d of the integer IR."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from mcugen.graph.ops.base import Operator


@dataclass(frozen=True, kw_only=True)
class AveragePool2d(Operator):
    """LiteRT AVERAGE_POOL_2D: the mean over the window's part inside the input; input and output share their quantization."""

    kind: ClassVar[str] = "average_pool2d"
    kernel: tuple[int, int]
    stride: tuple[int, int]
    padding: tuple[int, int, int, int] = (0, 0, 0, 0)
    clamp: tuple[int, int] = (-128, 127)
