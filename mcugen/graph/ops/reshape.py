"""The operator Reshape of the integer IR."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from mcugen.graph.ops.base import Operator


@dataclass(frozen=True, kw_only=True)
class Reshape(Operator):
    """Same elements in the same order under another shape (the output tensor's)."""

    kind: ClassVar[str] = "reshape"
    
