"""Softmax and normalizations, on any CPU."""

from __future__ import annotations

from mcugen.kernels.base import Kernel
from mcugen.kernels.portable.normalization.softmax import SoftmaxPortable

KERNELS: tuple[Kernel, ...] = (SoftmaxPortable(),)
