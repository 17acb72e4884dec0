"""Softmax and normalizations."""

from __future__ import annotations

from mcugen.graph.ops.base import Operator
from mcugen.graph.ops.normalization.softmax import Softmax

OPERATORS: tuple[type[Operator], ...] = (Softmax,)

__all__ = ["Softmax"]
