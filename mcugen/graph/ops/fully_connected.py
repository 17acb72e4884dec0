"""The operator FullyConnected of the integer IR."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from mcugen.graph.ops.base import Operator


@dataclass(frozen=True, kw_only=True)
class FullyConnected(Operator):
    """LiteRT FULLY_CONNECTED. Inputs: activations (..., I) (leading axes are rows); weights (O, I), per output channel (axis 0) or per tensor; optionally bias (O,) int32.
    Output (..., O)."""

    kind: ClassVar[str] = "fully_connected"
    clamp: tuple[int, int] = (-128, 127)
