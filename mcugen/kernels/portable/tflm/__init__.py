"""Kernels in TensorFlow Lite Micro's own arithmetic, on any CPU."""

from __future__ import annotations

from mcugen.kernels.base import Kernel
from mcugen.kernels.portable.tflm.cumulative_sum import TflmCumulativeSumPortable
from mcugen.kernels.portable.tflm.pairs import SquaredDifferencePortable, TflmDivPortable
from mcugen.kernels.portable.tflm.product import LitertProductPortable
from mcugen.kernels.portable.tflm.rows import L2NormalizationPortable, TflmLogSoftmaxPortable

KERNELS: tuple[Kernel, ...] = (
    L2NormalizationPortable(),
    LitertProductPortable(),
    SquaredDifferencePortable(),
    TflmCumulativeSumPortable(),
    TflmDivPortable(),
    TflmLogSoftmaxPortable(),
)
