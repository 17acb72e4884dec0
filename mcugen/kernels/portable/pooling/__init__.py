"""Pooling over NHWC, on any CPU."""

from __future__ import annotations

from mcugen.kernels.base import Kernel
from mcugen.kernels.portable.pooling.adaptive import AdaptiveAveragePool2dInt16Portable, AdaptiveAveragePool2dPortable
from mcugen.kernels.portable.pooling.pool import AveragePool2dPortable, MaxPool2dPortable
from mcugen.kernels.portable.pooling.pool_s16 import AveragePool2dInt16Portable, MaxPool2dInt16Portable
from mcugen.kernels.portable.pooling.spanned import MaxPoolPlaces2dPortable, SpannedMaxPool2dPortable

KERNELS: tuple[Kernel, ...] = (
    AveragePool2dInt16Portable(),
    MaxPool2dInt16Portable(),
    AdaptiveAveragePool2dInt16Portable(),
    AdaptiveAveragePool2dPortable(),
    AveragePool2dPortable(),
    MaxPool2dPortable(),
    MaxPoolPlaces2dPortable(),
    SpannedMaxPool2dPortable(),
)
