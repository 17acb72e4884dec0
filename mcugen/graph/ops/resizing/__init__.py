"""Interpolation of images."""

from __future__ import annotations

from mcugen.graph.ops.base import Operator
from mcugen.graph.ops.resizing.resize_bilinear import ResizeBilinear

OPERATORS: tuple[type[Operator], ...] = (ResizeBilinear,)

__all__ = ["ResizeBilinear"]
