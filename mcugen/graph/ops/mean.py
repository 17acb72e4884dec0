"""The operator Mean of the integer IR."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from mcugen.graph.ops.base import Operator


@dataclass(frozen=True, kw_only=True)
class Mean(Operator):
    """LiteRT MEAN over any axes, with the output's own quantization. The output's shape says whether the axes are kept."""

    kind: ClassVar[str] = "mean"
    axes: tuple[int, ...]
