"""The operator Softmax of the integer IR."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from mcugen.graph.ops.base import Operator


@dataclass(frozen=True, kw_only=True)
class Softmax(Operator):
    """LiteRT SOFTMAX over the last axis, in TFLM's and CMSIS-NN's integer arithmetic; output scale 1/256, zero point -128."""

    kind: ClassVar[str] = "softmax"
    beta: float = 1.0
