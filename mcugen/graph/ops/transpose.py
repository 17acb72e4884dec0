"""The operator Transpose of the integer IR."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from mcugen.graph.ops.base import Operator


@dataclass(frozen=True, kw_only=True)
class Transpose(Operator):
    """output = transpose(input, permutation), as NumPy."""

    kind: ClassVar[str] = "transpose"
    permutation: tuple[int, ...]
