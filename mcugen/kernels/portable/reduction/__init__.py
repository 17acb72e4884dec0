"""Reductions over axes, on any CPU."""

from __future__ import annotations

from mcugen.kernels.base import Kernel
from mcugen.kernels.portable.reduction.mean import MeanPortable

KERNELS: tuple[Kernel, ...] = (MeanPortable(),)
