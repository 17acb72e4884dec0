"""Softmax in its forms and normalizations on Helium."""

from __future__ import annotations

import math
from typing import ClassVar

from mcugen.boards.board import Cpu
from mcugen.graph.graph import Graph
from mcugen.graph.ops.base import Operator
from mcugen.graph.ops.normalization.log_softmax import LogSoftmax
from mcugen.graph.ops.normalization.normalize import FRACTION, Normalize
from mcugen.kernels.mve.common import InLanes
from mcugen.kernels.portable.normalization.log_softmax import LogSoftmaxPortable
from mcugen.kernels.portable.normalization.masked_softmax import MaskedSoftmaxPortable
from mcugen.kernels.portable.normalization.normalize import NormalizePortable
from mcugen.kernels.portable.normalization.softmax import SoftmaxPortable, SoftmaxTablePortable
from mcugen.kernels.portable.normalization.softmax_s16 import SoftmaxInt16Portable

# 255 differences to the largest element, and a sum's logarithm, fit 31 bits.
_STEEPEST_SLOPE = 1 << 22


def _cost(op: Operator, graph: Graph, four: float, row: float = 110) -> float:
    """Instructions: `four` for four elements, and those of rows."""
    out = graph.tensor(op.outputs[0])
    size = out.shape[-1]
    return out.elements // size * (four * -(-size // 4) + 3.0 * -(-size // 16) + row)


class SoftmaxMve(InLanes, SoftmaxPortable):
    """mcugen_mve_softmax_s8: four exponentials at a time."""

    name: ClassVar[str] = "softmax_s8.mve"
    own_function: ClassVar[str] = "mcugen_mve_softmax_s8"
    source: ClassVar[str] = "mve/normalization/softmax_s8.c"

    def cost(self, op: Operator, graph: Graph) -> float:
        return _cost(op, graph, 170)


class SoftmaxInt16Mve(InLanes, SoftmaxInt16Portable):
    """mcugen_mve_softmax_s16: four exponentials at a time, between gathered entries."""

    name: ClassVar[str] = "softmax_s16.mve"
    own_function: ClassVar[str] = "mcugen_mve_softmax_s16"
    source: ClassVar[str] = "mve/normalization/softmax_s16.c"

    def cost(self, op: Operator, graph: Graph) -> float:
        out = graph.tensor(op.outputs[0])
        size = out.shape[-1]
        return out.elements // size * (29.0 * -(-size // 4) + 4.0 * size + 120)


class SoftmaxTableMve(InLanes, SoftmaxTablePortable):
    """mcugen_mve_softmax_table_s8: exponentials gathered from 1 KB."""

    name: ClassVar[str] = "softmax_table_s8.mve"
    own_function: ClassVar[str] = "mcugen_mve_softmax_table_s8"
    source: ClassVar[str] = "mve/normalization/softmax_table_s8.c"

    def cost(self, op: Operator, graph: Graph) -> float:
        return _cost(op, graph, 18)


class MaskedSoftmaxMve(InLanes, MaskedSoftmaxPortable):
    """mcugen_mve_masked_softmax_s8: exponentials gathered from 1 KB."""

    name: ClassVar[str] = "masked_softmax_s8.mve"
    own_function: ClassVar[str] = "mcugen_mve_masked_softmax_s8"
    source: ClassVar[str] = "mve/normalization/masked_softmax_s8.c"

    def cost(self, op: Operator, graph: Graph) -> float:
        return _cost(op, graph, 32, 130)


class LogSoftmaxMve(InLanes, LogSoftmaxPortable):
    """mcugen_mve_log_softmax_s8: exponentials gathered from 1 KB."""

    name: ClassVar[str] = "log_softmax_s8.mve"
    own_function: ClassVar[str] = "mcugen_mve_log_softmax_s8"
    source: ClassVar[str] = "mve/normalization/log_softmax_s8.c"

    def supports(self, op: Operator, graph: Graph, cpu: Cpu) -> bool:
        if not super().supports(op, graph, cpu):
            return False
        assert isinstance(op, LogSoftmax)
        slope, _ = op.factors(graph.input_tensors(op), graph.output_tensors(op))
        return slope < _STEEPEST_SLOPE

    def cost(self, op: Operator, graph: Graph) -> float:
        return _cost(op, graph, 17, 270)


class NormalizeMve(InLanes, NormalizePortable):
    """mcugen_mve_normalize_s8: four elements at a time."""

    name: ClassVar[str] = "normalize_s8.mve"
    own_function: ClassVar[str] = "mcugen_mve_normalize_s8"
    source: ClassVar[str] = "mve/normalization/normalize_s8.c"
    limits: ClassVar[str] = "factors that are not huge"

    def fits(self, op: Operator, graph: Graph) -> bool:
        """Normalized values, less than 2**16 * sqrt(n) + 1, have room to be multiplied with 2**(33 - shift)."""
        assert isinstance(op, Normalize)
        size = graph.tensor(op.inputs[0]).shape[-1]
        bits = FRACTION + (math.isqrt(size) + 1).bit_length()
        return super().fits(op, graph) and op.shift <= 32 and bits + 33 - op.shift <= 31

    def cost(self, op: Operator, graph: Graph) -> float:
        x, factors = graph.tensor(op.inputs[0]), graph.tensor(op.inputs[1])
        rows = x.elements // x.shape[-1]
        repeat = x.shape[-1] // factors.shape[1]
        vectors = -(-x.shape[-1] // 4) if repeat == 1 else factors.shape[1] * (-(-repeat // 4) + 0.5)
        return rows * (24 * vectors + 0.3 * x.shape[-1] + 230)
