"""Softmax by CMSIS-NN, whose arithmetic the reference has."""

from __future__ import annotations

from typing import ClassVar

from mcugen.graph.graph import Graph
from mcugen.graph.ops import Operator
from mcugen.graph.ops.normalization.softmax import SHARE_BITS, Softmax, share_bits
from mcugen.kernels.base import Invocation, Overlap
from mcugen.kernels.cmsis_nn.base import CmsisNnKernel

# With more elements, the sum of exponentials can ask for a right shift by 32 or more, which C does not define.
_MOST_ELEMENTS = 511


class SoftmaxS8(CmsisNnKernel):
    """arm_softmax_s8."""

    name: ClassVar[str] = "softmax_s8.cmsis_nn"
    arm: ClassVar[str] = "softmax_s8"
    params_type: ClassVar[str] = "mcugen_cmsis_nn_softmax_params"
    operator: ClassVar[type[Operator]] = Softmax

    def exact(self, op: Operator, graph: Graph) -> bool:
        few = graph.tensor(op.inputs[0]).shape[-1] <= _MOST_ELEMENTS
        return few and share_bits(graph.tensor(op.outputs[0])) == SHARE_BITS

    def invoke(self, op: Operator, graph: Graph) -> Invocation:
        assert isinstance(op, Softmax)
        x = graph.tensor(op.inputs[0])
        p = op.parameters([x])
        return self.invocation(
            op,
            {
                "rows": x.elements // x.shape[-1],
                "row_size": x.shape[-1],
                "multiplier": p.multiplier,
                "shift": p.left_shift,
                "diff_min": p.diff_min,
            },
            # An element is read for the last time just before its share is written.
            overlaps=[Overlap(0, 0)],
        )

    def cost(self, op: Operator, graph: Graph) -> float:
        # With Helium too: its vector code is left out under GCC up to 12.2.
        return 525.0 * graph.tensor(op.outputs[0]).elements
