"""Concatenation on any CPU."""

from __future__ import annotations

import math
from typing import ClassVar

from mcugen.graph.graph import Graph
from mcugen.graph.ops.base import Operator
from mcugen.graph.ops.movement.concatenation import Concatenation
from mcugen.graph.tensor import DTYPES, Tensor
from mcugen.kernels.base import Invocation, Overlap
from mcugen.kernels.portable.common import PortableKernel, operands

_MOST_INPUTS = 8


class ConcatenationPortable(PortableKernel):
    """mcugen_concatenation<n>_s8 for n inputs."""

    name: ClassVar[str] = "concatenation_s8.portable"
    operator: ClassVar[type[Operator]] = Concatenation
    any_type: ClassVar[bool] = True
    limits: ClassVar[str] = f"a concatenation of at most {_MOST_INPUTS} tensors"

    def fits(self, op: Operator, graph: Graph) -> bool:
        return len(op.inputs) <= _MOST_INPUTS

    def invoke(self, op: Operator, graph: Graph) -> Invocation:
        assert isinstance(op, Concatenation)
        given, out = operands(op, graph), graph.tensor(op.outputs[0])
        in_order = graph.input_tensors(op)
        places = _places(in_order, op.axis)
        # Call order: activations first.
        order = sorted(range(len(in_order)), key=lambda i: in_order[i].is_constant)
        part, start = ([places[i][k] for i in order] for k in (0, 1))
        unused = [0] * (_MOST_INPUTS - len(order))
        slices = math.prod(out.shape[: op.axis])
        return Invocation(
            kernel=self.name,
            function=f"mcugen_concatenation{len(order)}_s8",
            source="portable/movement/concatenation_s8.c",
            params_type="mcugen_concatenation_params",
            params={
                "slices": slices,
                "slice_bytes": sum(part),
                "part": (*part, *unused),
                "start": (*start, *unused),
            },
            inputs=given.inputs,
            constants=given.constants,
            outputs=(out.name,),
            overlaps=_overlaps(given.inputs, start, slices),
            as_bytes=True,
        )

    def cost(self, op: Operator, graph: Graph) -> float:
        assert isinstance(op, Concatenation)
        out = graph.tensor(op.outputs[0])
        return 1.0 * out.size_bytes + 15.0 * len(op.inputs) * math.prod(out.shape[: op.axis])


def _places(tensors: list[Tensor], axis: int) -> list[tuple[int, int]]:
    """(bytes in a slice, first byte in a slice) of each input."""
    places = []
    start = 0
    for t in tensors:
        size = math.prod(t.shape[axis:]) * DTYPES[t.dtype].itemsize
        places.append((size, start))
        start += size
    return places


def _overlaps(inputs: tuple[str, ...], start: list[int], slices: int) -> tuple[Overlap, ...]:
    """With one slice an input may lie in its own place in the output: nothing is copied then. An input that is joined
    twice cannot be in two places."""
    if slices != 1:
        return ()
    return tuple(Overlap(i, start[i], exact=True) for i, name in enumerate(inputs) if inputs.count(name) == 1)
