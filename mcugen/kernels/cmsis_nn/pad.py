"""Padding by CMSIS-NN."""

from __future__ import annotations

from typing import ClassVar

from mcugen.graph.graph import Graph
from mcugen.graph.ops import Operator
from mcugen.graph.ops.pad import Pad
from mcugen.kernels.base import Invocation
from mcugen.kernels.cmsis_nn.base import CmsisNnKernel


class PadS8(CmsisNnKernel):
    """arm_pad_s8: up to four axes."""

    name: ClassVar[str] = "pad_s8.cmsis_nn"
    arm: ClassVar[str] = "pad_s8"
    params_type: ClassVar[str] = "mcugen_cmsis_nn_pad_params"
    operator: ClassVar[type[Operator]] = Pad

    def exact(self, op: Operator, graph: Graph) -> bool:
        return len(graph.tensor(op.inputs[0]).shape) <= 4

    def invoke(self, op: Operator, graph: Graph) -> Invocation:
        assert isinstance(op, Pad)
        x = graph.tensor(op.inputs[0])
        missing = 4 - len(x.shape)
        return self.invocation(
            op,
            {
                "value": x.zero_point,
                "input": (1,) * missing + x.shape,
                "before": (0,) * missing + tuple(before for before, _ in op.padding),
                "after": (0,) * missing + tuple(after for _, after in op.padding),
            },
        )

    def cost(self, op: Operator, graph: Graph) -> float:
        out = graph.tensor(op.outputs[0])
        return 1.2 * out.elements + 60.0 * (out.elements // max(out.shape[-1], 1))
