"""Mean and sum of int16 over axes on any CPU: the parameters are those of int8."""

from __future__ import annotations

from typing import ClassVar

from mcugen.graph.ops.base import Operator
from mcugen.graph.ops.reduction.mean import ReduceSum
from mcugen.kernels.portable.common import AnotherFunction
from mcugen.kernels.portable.int16 import OnInt16
from mcugen.kernels.portable.reduction.mean import MeanPortable


class MeanInt16Portable(OnInt16, AnotherFunction, MeanPortable):
    """mcugen_mean_s16."""

    name: ClassVar[str] = "mean_s16.portable"
    own_function: ClassVar[str] = "mcugen_mean_s16"
    source: ClassVar[str] = "portable/reduction/mean_s16.c"


class ReduceSumInt16Portable(MeanInt16Portable):
    """mcugen_mean_s16 with a multiplier that does not divide."""

    name: ClassVar[str] = "reduce_sum_s16.portable"
    operator: ClassVar[type[Operator]] = ReduceSum
