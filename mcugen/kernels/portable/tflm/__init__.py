"""Kernels in TensorFlow Lite Micro's own arithmetic, on any CPU."""

from __future__ import annotations

from mcugen.kernels.base import Kernel
from mcugen.kernels.portable.tflm.cumulative_sum import TflmCumulativeSumPortable
from mcugen.kernels.portable.tflm.functions_s16 import InverseRootPortable, SlopesPortable
from mcugen.kernels.portable.tflm.pairs import (
    SquaredDifferenceInt16Portable,
    SquaredDifferencePortable,
    TflmDivPortable,
)
from mcugen.kernels.portable.tflm.product import LitertProductPortable
from mcugen.kernels.portable.tflm.rows import L2NormalizationPortable, TflmLogSoftmaxPortable, TflmSoftmaxPortable

KERNELS: tuple[Kernel, ...] = (
    InverseRootPortable(),
    L2NormalizationPortable(),
    LitertProductPortable(),
    SlopesPortable(),
    SquaredDifferenceInt16Portable(),
    SquaredDifferencePortable(),
    TflmCumulativeSumPortable(),
    TflmDivPortable(),
    TflmLogSoftmaxPortable(),
    TflmSoftmaxPortable(),
)
