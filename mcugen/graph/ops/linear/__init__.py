"""Products with constant matrices."""

from __future__ import annotations

from mcugen.graph.ops.base import Operator
from mcugen.graph.ops.linear.fully_connected import FullyConnected

OPERATORS: tuple[type[Operator], ...] = (FullyConnected,)

__all__ = ["FullyConnected"]
