"""Padding on any CPU."""

from __future__ import annotations

import math
from typing import ClassVar, NamedTuple

from mcugen.graph.graph import Graph
from mcugen.graph.ops.base import Operator
from mcugen.graph.ops.movement.pad import Pad
from mcugen.graph.tensor import DTYPES, Tensor
from mcugen.kernels.base import Invocation, Overlap
from mcugen.kernels.portable.common import PortableKernel, operands, pad_front

_RANK = 6


class _PaddedAxis(NamedTuple):
    size: int
    before: int
    after: int


class PadPortable(PortableKernel):
    """mcugen_pad_s8."""

    name: ClassVar[str] = "pad_s8.portable"
    operator: ClassVar[type[Operator]] = Pad
    any_type: ClassVar[bool] = True
    limits: ClassVar[str] = f"padding on at most {_RANK} axes"

    def fits(self, op: Operator, graph: Graph) -> bool:
        assert isinstance(op, Pad)
        return len(_axes(graph.tensor(op.inputs[0]), op.padding)) <= _RANK

    def invoke(self, op: Operator, graph: Graph) -> Invocation:
        assert isinstance(op, Pad)
        given, out = operands(op, graph), graph.tensor(op.outputs[0])
        x = given.tensors[0]
        axes = _axes(x, op.padding)
        return Invocation(
            kernel=self.name,
            function="mcugen_pad_s8",
            source="portable/movement/pad_s8.c",
            params_type="mcugen_pad_params",
            params={
                "shape": pad_front([a.size for a in axes], _RANK, 1),
                "before": pad_front([a.before for a in axes], _RANK, 0),
                "after": pad_front([a.after for a in axes], _RANK, 0),
                "value": op.filling(x),
            },
            inputs=given.inputs,
            constants=given.constants,
            outputs=(out.name,),
            overlaps=(Overlap(0, _distance(axes)),) if given.inputs else (),
            as_bytes=True,
        )

    def cost(self, op: Operator, graph: Graph) -> float:
        return 2.5 * graph.tensor(op.outputs[0]).size_bytes


def _axes(x: Tensor, padding: tuple[tuple[int, int], ...]) -> list[_PaddedAxis]:
    """In bytes: those of an element are the innermost axis."""
    return padded_axes((*x.shape, DTYPES[x.dtype].itemsize), (*padding, (0, 0)))


def padded_axes(shape: tuple[int, ...], padding: tuple[tuple[int, int], ...]) -> list[_PaddedAxis]:
    """An axis without padding is merged into the one before it."""
    axes: list[_PaddedAxis] = []
    for size, (before, after) in zip(shape, padding, strict=True):
        if axes and before == after == 0:
            axes[-1] = _PaddedAxis(*(size * n for n in axes[-1]))
        else:
            axes.append(_PaddedAxis(size, before, after))
    return axes or [_PaddedAxis(1, 0, 0)]


def _distance(axes: list[_PaddedAxis]) -> int:
    """Rows are copied upwards; the last one moves furthest: by all padding before it."""
    last = 0
    for axis in axes[:-1]:
        last = last * (axis.before + axis.size + axis.after) + axis.before + axis.size - 1
    row = axes[-1]
    rows = math.prod(axis.size for axis in axes[:-1])
    return last * sum(row) + row.before - (rows - 1) * row.size
