"""Reductions over axes on any CPU."""

from __future__ import annotations

from mcugen.kernels.base import Kernel
from mcugen.kernels.portable.reduction.extremes import (
    ArgMaxPortable,
    ArgMinPortable,
    IntegerSumPortable,
    ReduceMaxPortable,
    ReduceMinPortable,
)
from mcugen.kernels.portable.reduction.mean import MeanPortable, ReduceSumPortable
from mcugen.kernels.portable.reduction.moment import CumulativeSumPortable, MomentPortable

KERNELS: tuple[Kernel, ...] = (
    ArgMaxPortable(),
    ArgMinPortable(),
    CumulativeSumPortable(),
    IntegerSumPortable(),
    MeanPortable(),
    MomentPortable(),
    ReduceMaxPortable(),
    ReduceMinPortable(),
    ReduceSumPortable(),
)
