"""Padding by CMSIS-NN."""

from __future__ import annotations

import math
from typing import ClassVar

from mcugen.graph.graph import Graph
from mcugen.graph.ops import Operator
from mcugen.graph.ops.movement.pad import Pad
from mcugen.kernels.base import Invocation
from mcugen.kernels.cmsis_nn.base import CmsisNnKernel
from mcugen.kernels.cmsis_nn.core import CoreClass


class PadS8(CmsisNnKernel):
    """arm_pad_s8: up to four axes."""

    name: ClassVar[str] = "pad_s8.cmsis_nn"
    arm: ClassVar[str] = "pad_s8"
    family: ClassVar[str] = "movement"
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
                "value": op.filling(x),
                "input": (1,) * missing + x.shape,
                "before": (0,) * missing + tuple(before for before, _ in op.padding),
                "after": (0,) * missing + tuple(after for _, after in op.padding),
            },
        )

    def cost(self, op: Operator, graph: Graph) -> float:
        x, out = graph.tensor(op.inputs[0]), graph.tensor(op.outputs[0])
        # One copy for each row, or for each position where the last axis is padded; two fills beside each.
        last_axis = x.shape[-1] if x.shape[-1] != out.shape[-1] else math.prod(x.shape[-2:])
        per_byte, per_call = (0.22, 10.0) if self.core is CoreClass.MVE else (0.75, 25.0)
        return per_byte * out.elements + per_call * 3 * (x.elements // max(last_axis, 1)) + 60
