"""Softmax by CMSIS-NN, whose arithmetic the reference has."""

from __future__ import annotations

from typing import ClassVar

from mcugen.graph.graph import Graph
from mcugen.graph.ops import Operator
from mcugen.graph.ops.normalization.softmax import SHARE_BITS, Softmax, share_bits
from mcugen.graph.ops.normalization.wide_softmax import (
    exponential_entries,
    reciprocal_entries,
    wide_softmax_multiplier,
)
from mcugen.kernels.base import Constant, Invocation, Overlap
from mcugen.kernels.cmsis_nn.base import CmsisNnKernel

# With more elements, the sum of exponentials can ask for a right shift by 32 or more, which C does not define.
_MOST_ELEMENTS = 511
# Differences of int16 have 16 bits, and nothing guards their left shift.
_MOST_SHIFT = 15
# The share of a single element leaves 16 bits, and a sum of 2**18 - 1 or more, of nine elements, can be rounded up
# beyond the 32 bits that it is normalized in.
_WIDE_ELEMENTS = range(2, 9)


class SoftmaxS8(CmsisNnKernel):
    """arm_softmax_s8."""

    name: ClassVar[str] = "softmax_s8.cmsis_nn"
    arm: ClassVar[str] = "softmax_s8"
    family: ClassVar[str] = "normalization"
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


class SoftmaxS16(CmsisNnKernel):
    """arm_softmax_s16, with the reference's tables: two to eight elements."""

    name: ClassVar[str] = "softmax_s16.cmsis_nn"
    arm: ClassVar[str] = "softmax_s16"
    family: ClassVar[str] = "normalization"
    activations: ClassVar[str] = "int16"
    wide: ClassVar[bool] = True
    params_type: ClassVar[str] = "mcugen_cmsis_nn_softmax_params"
    operator: ClassVar[type[Operator]] = Softmax

    def exact(self, op: Operator, graph: Graph) -> bool:
        assert isinstance(op, Softmax)
        x = graph.tensor(op.inputs[0])
        return x.shape[-1] in _WIDE_ELEMENTS and wide_softmax_multiplier(op.beta, x.scale)[1] <= _MOST_SHIFT

    def invoke(self, op: Operator, graph: Graph) -> Invocation:
        assert isinstance(op, Softmax)
        x = graph.tensor(op.inputs[0])
        multiplier, shift = wide_softmax_multiplier(op.beta, x.scale)
        rows = x.elements // x.shape[-1]
        return self.invocation(
            op,
            {"rows": rows, "row_size": x.shape[-1], "multiplier": multiplier, "shift": shift},
            constants=(
                Constant("exponentials", exponential_entries(), 2),
                Constant("reciprocals", reciprocal_entries(), 2),
            ),
            overlaps=[Overlap(0, 0)],
        )

    def cost(self, op: Operator, graph: Graph) -> float:
        out = graph.tensor(op.outputs[0])
        return 45.0 * out.elements + 80.0 * (out.elements // out.shape[-1])
