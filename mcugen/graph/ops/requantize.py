"""The operator Requantize of the integer IR."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from mcugen.graph.ops.base import Operator


@dataclass(frozen=True, kw_only=True)
class Requantize(Operator):
    """Changes scale and zero point (LiteRT QUANTIZE int8 to int8), then clamps."""

    kind: ClassVar[str] = "requantize"
    clamp: tuple[int, int] = (-128, 127)
