"""The operator Mul of the integer IR."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from mcugen.graph.ops.base import Operator


@dataclass(frozen=True, kw_only=True)
class Mul(Operator):
    """LiteRT MUL of two tensors that broadcast; either may be a constant."""

    kind: ClassVar[str] = "mul"
    clamp: tuple[int, int] = (-128, 127)
