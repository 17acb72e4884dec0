"""Reductions over axes."""

from __future__ import annotations

from mcugen.graph.ops.base import Operator
from mcugen.graph.ops.reduction.base import Reduction
from mcugen.graph.ops.reduction.cumulative_sum import CumulativeSum, IntegerCumulativeSum
from mcugen.graph.ops.reduction.extremes import ArgMax, ArgMin, IntegerSum, ReduceMax, ReduceMin
from mcugen.graph.ops.reduction.mean import Mean, ReduceSum
from mcugen.graph.ops.reduction.moment import Moment
from mcugen.graph.ops.reduction.product import IntegerProduct, Product

OPERATORS: tuple[type[Operator], ...] = (
    ArgMax,
    ArgMin,
    CumulativeSum,
    IntegerCumulativeSum,
    IntegerProduct,
    IntegerSum,
    Mean,
    Moment,
    Product,
    ReduceMax,
    ReduceMin,
    ReduceSum,
)

__all__ = [
    "ArgMax",
    "ArgMin",
    "CumulativeSum",
    "IntegerCumulativeSum",
    "IntegerProduct",
    "IntegerSum",
    "Mean",
    "Moment",
    "Product",
    "ReduceMax",
    "ReduceMin",
    "ReduceSum",
    "Reduction",
]
