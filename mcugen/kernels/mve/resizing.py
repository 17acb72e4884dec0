"""Interpolation of images on Helium."""

from __future__ import annotations

from typing import ClassVar

from mcugen.graph.graph import Graph
from mcugen.graph.ops import ResizeBilinear
from mcugen.graph.ops.base import Operator
from mcugen.kernels.images import cost_per_image
from mcugen.kernels.mve.common import InLanes
from mcugen.kernels.portable.resizing.resize_bilinear import ResizeBilinearPortable


class ResizeBilinearMve(InLanes, ResizeBilinearPortable):
    """mcugen_mve_resize_bilinear_s8: four channels at a time, and less work where there is no fraction."""

    name: ClassVar[str] = "resize_bilinear_s8.mve"
    own_function: ClassVar[str] = "mcugen_mve_resize_bilinear_s8"
    source: ClassVar[str] = "mve/resizing/resize_bilinear_s8.c"

    @cost_per_image
    def cost(self, op: Operator, graph: Graph) -> float:
        assert isinstance(op, ResizeBilinear)
        channels = graph.tensor(op.outputs[0]).shape[3]
        vectors = -(-channels // 4)
        down, across = (sum(fraction > 0 for _, fraction in places) for places in (op.rows, op.columns))
        rows, columns = len(op.rows), len(op.columns)
        plane, line = down * across, down * (columns - across) + across * (rows - down)
        plain = rows * columns - plane - line
        return 17.0 * vectors * plane + 10.0 * vectors * line + (3 * -(-channels // 16)) * plain + 25 * rows * columns
