"""Softmax of int16 on DSP instructions."""

from __future__ import annotations

from typing import ClassVar

from mcugen.graph.graph import Graph
from mcugen.graph.ops.base import Operator
from mcugen.graph.ops.normalization.softmax import Softmax
from mcugen.graph.ops.normalization.wide_softmax import wide_softmax_multiplier
from mcugen.kernels.dsp.common import InWords
from mcugen.kernels.portable.normalization.softmax_s16 import SoftmaxInt16Portable

_MOST_SHIFT = 14
"""That leaves differences, doubled, within 32 bits."""


class SoftmaxInt16Dsp(InWords, SoftmaxInt16Portable):
    """mcugen_dsp_softmax_s16."""

    name: ClassVar[str] = "softmax_s16.dsp"
    own_function: ClassVar[str] = "mcugen_dsp_softmax_s16"
    source: ClassVar[str] = "dsp/normalization/softmax_s16.c"

    def fits(self, op: Operator, graph: Graph) -> bool:
        assert isinstance(op, Softmax)
        scale = graph.tensor(op.inputs[0]).scale
        return super().fits(op, graph) and wide_softmax_multiplier(op.beta, scale)[1] <= _MOST_SHIFT

    def cost(self, op: Operator, graph: Graph) -> float:
        out = graph.tensor(op.outputs[0])
        return 21.0 * out.elements + 55.0 * (out.elements // out.shape[-1])
