"""Bilinear interpolation on any CPU."""

from __future__ import annotations

from typing import ClassVar

import numpy as np

from mcugen.graph.graph import Graph
from mcugen.graph.ops import ResizeBilinear
from mcugen.graph.ops.base import Operator
from mcugen.kernels.base import Constant, Invocation
from mcugen.kernels.images import cost_per_image, per_image
from mcugen.kernels.portable.common import PortableKernel, operands
from mcugen.kernels.portable.int16 import OnInt16


class ResizeBilinearPortable(PortableKernel):
    """mcugen_resize_bilinear_s8.

    Attributes:
        suffix: of the C function and its file.
    """

    name: ClassVar[str] = "resize_bilinear_s8.portable"
    operator: ClassVar[type[Operator]] = ResizeBilinear
    suffix: ClassVar[str] = "s8"

    @per_image
    def invoke(self, op: Operator, graph: Graph) -> Invocation:
        assert isinstance(op, ResizeBilinear)
        given, out = operands(op, graph), graph.tensor(op.outputs[0])
        x = given.tensors[0]
        places = tuple(
            Constant(role, np.array(pairs, np.int16).reshape(-1))
            for role, pairs in (("rows", op.rows), ("columns", op.columns))
        )
        return Invocation(
            kernel=self.name,
            function=f"mcugen_resize_bilinear_{self.suffix}",
            source=f"portable/resizing/resize_bilinear_{self.suffix}.c",
            params_type="mcugen_resize_bilinear_params",
            params={
                "input_w": x.shape[2],
                "channels": x.shape[3],
                "output_h": out.shape[1],
                "output_w": out.shape[2],
            },
            inputs=given.inputs,
            constants=given.constants + places,
            outputs=(out.name,),
        )

    @cost_per_image
    def cost(self, op: Operator, graph: Graph) -> float:
        out = graph.tensor(op.outputs[0])
        return 22.0 * out.elements + 15.0 * out.shape[1] * out.shape[2]


class ResizeBilinearInt16Portable(OnInt16, ResizeBilinearPortable):
    """mcugen_resize_bilinear_s16."""

    name: ClassVar[str] = "resize_bilinear_s16.portable"
    suffix: ClassVar[str] = "s16"
