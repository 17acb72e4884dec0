"""Permutation of axes on Helium."""

from __future__ import annotations

from typing import ClassVar

from mcugen.graph.graph import Graph
from mcugen.graph.ops.base import Operator
from mcugen.graph.ops.movement.transpose import Transpose
from mcugen.kernels.mve.common import InLanes
from mcugen.kernels.portable.movement.transpose import TransposePortable, byte_axes

# Offsets of eight gathered bytes have 16 bits.
_LONGEST_STEP = 0xFFFF // 7


class TransposeMve(InLanes, TransposePortable):
    """mcugen_mve_transpose_s8: rows of the output are copied, or gathered eight bytes at a time."""

    name: ClassVar[str] = "transpose_s8.mve"
    own_function: ClassVar[str] = "mcugen_mve_transpose_s8"
    source: ClassVar[str] = "mve/movement/transpose_s8.c"

    def fits(self, op: Operator, graph: Graph) -> bool:
        assert isinstance(op, Transpose)
        _, step = byte_axes(graph.tensor(op.inputs[0]), op.permutation)[-1]
        return super().fits(op, graph) and step <= _LONGEST_STEP

    def cost(self, op: Operator, graph: Graph) -> float:
        assert isinstance(op, Transpose)
        size, step = byte_axes(graph.tensor(op.inputs[0]), op.permutation)[-1]
        row = 3.0 * (size // 16) if step == 1 else 4.0 * (size // 8)
        rest = 0 if size % (16 if step == 1 else 8) == 0 else 6
        return graph.tensor(op.outputs[0]).size_bytes // size * (row + rest + 9) + 30
