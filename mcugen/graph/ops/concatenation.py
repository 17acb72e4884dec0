"""The operator Concatenation of the integer IR."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from mcugen.graph.ops.base import Operator


@dataclass(frozen=True, kw_only=True)
class Concatenation(Operator):
    """Joins inputs along an axis; all share the output's quantization."""

    kind: ClassVar[str] = "concatenation"
    axis: int
