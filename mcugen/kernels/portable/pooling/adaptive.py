"""Average pooling with windows of different sizes, on any CPU."""

from __future__ import annotations

from typing import ClassVar

import numpy as np

from mcugen.graph.graph import Graph
from mcugen.graph.ops import AdaptiveAveragePool2d
from mcugen.graph.ops.base import Operator
from mcugen.kernels.base import Constant, Invocation
from mcugen.kernels.images import cost_per_image, per_image
from mcugen.kernels.portable.common import PortableKernel, operands
from mcugen.kernels.portable.int16 import OnInt16


class AdaptiveAveragePool2dPortable(PortableKernel):
    """mcugen_adaptive_average_pool2d_s8.

    Attributes:
        suffix: of the C function and its file.
    """

    name: ClassVar[str] = "adaptive_average_pool2d_s8.portable"
    operator: ClassVar[type[Operator]] = AdaptiveAveragePool2d
    suffix: ClassVar[str] = "s8"

    @per_image
    def invoke(self, op: Operator, graph: Graph) -> Invocation:
        assert isinstance(op, AdaptiveAveragePool2d)
        given, out = operands(op, graph), graph.tensor(op.outputs[0])
        spans = tuple(
            Constant(role, np.array(pairs, np.int16).reshape(-1))
            for role, pairs in (("rows", op.rows), ("columns", op.columns))
        )
        return Invocation(
            kernel=self.name,
            function=f"mcugen_adaptive_average_pool2d_{self.suffix}",
            source=f"portable/pooling/adaptive_average_pool2d_{self.suffix}.c",
            params_type="mcugen_adaptive_pool_params",
            params={
                "input_w": given.tensors[0].shape[2],
                "channels": out.shape[3],
                "output_h": out.shape[1],
                "output_w": out.shape[2],
            },
            inputs=given.inputs,
            constants=given.constants + spans,
            outputs=(out.name,),
        )

    @cost_per_image
    def cost(self, op: Operator, graph: Graph) -> float:
        assert isinstance(op, AdaptiveAveragePool2d)
        out = graph.tensor(op.outputs[0])
        rows, columns = (sum(end - first for first, end in spans) for spans in (op.rows, op.columns))
        return out.shape[3] * 4.0 * rows * columns + 25.0 * out.elements


class AdaptiveAveragePool2dInt16Portable(OnInt16, AdaptiveAveragePool2dPortable):
    """mcugen_adaptive_average_pool2d_s16."""

    name: ClassVar[str] = "adaptive_average_pool2d_s16.portable"
    suffix: ClassVar[str] = "s16"
