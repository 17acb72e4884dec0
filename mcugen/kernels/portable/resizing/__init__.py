"""Interpolation of images, on any CPU."""

from __future__ import annotations

from mcugen.kernels.base import Kernel
from mcugen.kernels.portable.resizing.resize_bilinear import ResizeBilinearInt16Portable, ResizeBilinearPortable

KERNELS: tuple[Kernel, ...] = (ResizeBilinearInt16Portable(), ResizeBilinearPortable())
