"""Element by element: sums, products, limits, changes of scale, functions by table."""

from __future__ import annotations

from mcugen.graph.ops.base import Operator
from mcugen.graph.ops.elementwise.add import Add
from mcugen.graph.ops.elementwise.clamp import Clamp
from mcugen.graph.ops.elementwise.mul import Mul
from mcugen.graph.ops.elementwise.requantize import Requantize
from mcugen.graph.ops.elementwise.table import Table

OPERATORS: tuple[type[Operator], ...] = (Add, Clamp, Mul, Requantize, Table)

__all__ = ["Add", "Clamp", "Mul", "Requantize", "Table"]
