"""Reductions over axes."""

from __future__ import annotations

from mcugen.graph.ops.base import Operator
from mcugen.graph.ops.reduction.mean import Mean

OPERATORS: tuple[type[Operator], ...] = (Mean,)

__all__ = ["Mean"]
