"""Permutation of axes on any CPU."""

from __future__ import annotations

import math
from typing import ClassVar

from mcugen.graph.graph import Graph
from mcugen.graph.ops.base import Operator
from mcugen.graph.ops.movement.transpose import Transpose
from mcugen.graph.tensor import DTYPES, Tensor
from mcugen.kernels.base import Invocation
from mcugen.kernels.portable.common import PortableKernel, operands, pad_front

_RANK = 7


class TransposePortable(PortableKernel):
    """mcugen_transpose_s8."""

    name: ClassVar[str] = "transpose_s8.portable"
    operator: ClassVar[type[Operator]] = Transpose
    any_type: ClassVar[bool] = True
    limits: ClassVar[str] = f"a permutation of at most {_RANK} groups of axes"

    def fits(self, op: Operator, graph: Graph) -> bool:
        assert isinstance(op, Transpose)
        return len(byte_axes(graph.tensor(op.inputs[0]), op.permutation)) <= _RANK

    def invoke(self, op: Operator, graph: Graph) -> Invocation:
        assert isinstance(op, Transpose)
        given, out = operands(op, graph), graph.tensor(op.outputs[0])
        axes = byte_axes(given.tensors[0], op.permutation)
        return Invocation(
            kernel=self.name,
            function="mcugen_transpose_s8",
            source="portable/movement/transpose_s8.c",
            params_type="mcugen_transpose_params",
            params={
                "shape": pad_front([size for size, _ in axes], _RANK, 1),
                "step": pad_front([step for _, step in axes], _RANK, 0),
            },
            inputs=given.inputs,
            constants=given.constants,
            outputs=(out.name,),
            as_bytes=True,
        )

    def cost(self, op: Operator, graph: Graph) -> float:
        return 6.0 * graph.tensor(op.outputs[0]).size_bytes


def byte_axes(x: Tensor, permutation: tuple[int, ...]) -> list[tuple[int, int]]:
    """In bytes: those of an element are the innermost axis."""
    rank = len(x.shape)
    return walk((*x.shape, DTYPES[x.dtype].itemsize), (*permutation, rank))


def walk(shape: tuple[int, ...], permutation: tuple[int, ...]) -> list[tuple[int, int]]:
    """(size, input elements from one to the next) of each output axis; axes that stay neighbours are merged."""
    merged: list[tuple[int, int]] = []
    for axis in permutation:
        size, step = shape[axis], math.prod(shape[axis + 1 :])
        if size == 1:
            continue
        if merged and merged[-1][1] == size * step:
            merged[-1] = (merged[-1][0] * size, step)
        else:
            merged.append((size, step))
    return merged or [(1, 1)]
