"""The operator Clamp of the integer IR."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from mcugen.graph.ops.base import Operator


@dataclass(frozen=True, kw_only=True)
class Clamp(Operator):
    """Stand-alone ReLU, ReLU6 or hardtanh whose input and output share their quantization."""

    kind: ClassVar[str] = "clamp"
    clamp: tuple[int, int]
