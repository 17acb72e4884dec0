"""Element by element: sums, products, limits, changes of scale."""

from __future__ import annotations

from mcugen.graph.ops.base import Operator
from mcugen.graph.ops.elementwise.add import Add
from mcugen.graph.ops.elementwise.clamp import Clamp
from mcugen.graph.ops.elementwise.mul import Mul
from mcugen.graph.ops.elementwise.requantize import Requantize

OPERATORS: tuple[type[Operator], ...] = (Add, Clamp, Mul, Requantize)

__all__ = ["Add", "Clamp", "Mul", "Requantize"]
