"""Reductions over axes on any CPU."""

from __future__ import annotations

from mcugen.kernels.base import Kernel
from mcugen.kernels.portable.reduction.cumulative_sum import (
    CumulativeSumInt16Portable,
    CumulativeSumPortable,
    IntegerCumulativeSumPortable,
)
from mcugen.kernels.portable.reduction.extremes import (
    ArgMaxPortable,
    ArgMinPortable,
    IntegerProductPortable,
    IntegerSumPortable,
    ReduceMaxPortable,
    ReduceMinPortable,
)
from mcugen.kernels.portable.reduction.mean import MeanPortable, ReduceSumPortable
from mcugen.kernels.portable.reduction.mean_s16 import MeanInt16Portable, ReduceSumInt16Portable
from mcugen.kernels.portable.reduction.moment import MomentPortable, ProductPortable

KERNELS: tuple[Kernel, ...] = (
    MeanInt16Portable(),
    ReduceSumInt16Portable(),
    ArgMaxPortable(),
    ArgMinPortable(),
    CumulativeSumInt16Portable(),
    CumulativeSumPortable(),
    IntegerCumulativeSumPortable(),
    IntegerProductPortable(),
    IntegerSumPortable(),
    MeanPortable(),
    MomentPortable(),
    ProductPortable(),
    ReduceMaxPortable(),
    ReduceMinPortable(),
    ReduceSumPortable(),
)
