"""Interpolation of images, on any CPU."""

from __future__ import annotations

from mcugen.kernels.base import Kernel
from mcugen.kernels.portable.resizing.resize_bilinear import ResizeBilinearPortable

KERNELS: tuple[Kernel, ...] = (ResizeBilinearPortable(),)
