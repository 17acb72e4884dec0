"""Element by element: sums, products, limits, choices, changes of scale and type, functions by table."""

from __future__ import annotations

from mcugen.graph.ops.base import Operator
from mcugen.graph.ops.elementwise.add import Add, Sub
from mcugen.graph.ops.elementwise.clamp import Clamp
from mcugen.graph.ops.elementwise.compare import Compare
from mcugen.graph.ops.elementwise.div import Div
from mcugen.graph.ops.elementwise.from_integer import FromInteger
from mcugen.graph.ops.elementwise.integer import Cast, Integer, Maximum, Minimum
from mcugen.graph.ops.elementwise.logistic import Logistic, Tanh
from mcugen.graph.ops.elementwise.mul import Mul
from mcugen.graph.ops.elementwise.prelu import Prelu
from mcugen.graph.ops.elementwise.quantize import Dequantize, Quantize
from mcugen.graph.ops.elementwise.requantize import Requantize
from mcugen.graph.ops.elementwise.table import Table
from mcugen.graph.ops.elementwise.where import Where
from mcugen.graph.ops.elementwise.wide_sum import WideSum

OPERATORS: tuple[type[Operator], ...] = (
    Add,
    Cast,
    Clamp,
    Compare,
    Dequantize,
    Div,
    FromInteger,
    Integer,
    Logistic,
    Maximum,
    Minimum,
    Mul,
    Prelu,
    Quantize,
    Requantize,
    Sub,
    Table,
    Tanh,
    Where,
    WideSum,
)

__all__ = [
    "Add",
    "Cast",
    "Clamp",
    "Compare",
    "Dequantize",
    "Div",
    "FromInteger",
    "Integer",
    "Logistic",
    "Maximum",
    "Minimum",
    "Mul",
    "Prelu",
    "Quantize",
    "Requantize",
    "Sub",
    "Table",
    "Tanh",
    "Where",
    "WideSum",
]
