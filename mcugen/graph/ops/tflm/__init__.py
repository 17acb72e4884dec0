"""Operators in TensorFlow Lite Micro's own arithmetic, where it rounds in more steps than mcugen's do."""

from __future__ import annotations

from mcugen.graph.ops.base import Operator
from mcugen.graph.ops.tflm.cumulative_sum import TflmCumulativeSum
from mcugen.graph.ops.tflm.div import TflmDiv
from mcugen.graph.ops.tflm.inverse_root import InverseRoot
from mcugen.graph.ops.tflm.l2_normalization import L2Normalization
from mcugen.graph.ops.tflm.log_softmax import TflmLogSoftmax
from mcugen.graph.ops.tflm.product import LitertProduct
from mcugen.graph.ops.tflm.slopes import Slopes
from mcugen.graph.ops.tflm.softmax import TflmSoftmax
from mcugen.graph.ops.tflm.squared_difference import SquaredDifference

OPERATORS: tuple[type[Operator], ...] = (
    InverseRoot,
    L2Normalization,
    LitertProduct,
    Slopes,
    SquaredDifference,
    TflmCumulativeSum,
    TflmDiv,
    TflmLogSoftmax,
    TflmSoftmax,
)

__all__ = [
    "InverseRoot",
    "L2Normalization",
    "LitertProduct",
    "Slopes",
    "SquaredDifference",
    "TflmCumulativeSum",
    "TflmDiv",
    "TflmLogSoftmax",
    "TflmSoftmax",
]
