"""The operator Pad of the integer IR."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from mcugen.graph.ops.base import Operator


@dataclass(frozen=True, kw_only=True)
class Pad(Operator):
    """LiteRT PAD with the zero point (real 0)."""

    kind: ClassVar[str] = "pad"
    padding: tuple[tuple[int, int], ...]
