"""Pooling over NHWC, on any CPU."""

from __future__ import annotations

from mcugen.kernels.base import Kernel
from mcugen.kernels.portable.pooling.pool import AveragePool2dPortable, MaxPool2dPortable

KERNELS: tuple[Kernel, ...] = (AveragePool2dPortable(), MaxPool2dPortable())
