"""Sums of values at constant places on any CPU."""

from __future__ import annotations

import itertools
import math
from typing import ClassVar

import numpy as np

from mcugen.graph.graph import Graph
from mcugen.graph.ops import TakeSum
from mcugen.graph.ops.base import Operator
from mcugen.graph.ops.movement.take_sum import Taps
from mcugen.kernels.base import Constant, Invocation
from mcugen.kernels.portable.common import PortableKernel, operands
from mcugen.kernels.portable.int16 import OnInt16

_NOTHING: Taps = ((0,),)


class TakeSumPortable(PortableKernel):
    """mcugen_take_sum_s8: the last two axes, and all before them as one.

    Attributes:
        suffix: of the C function and its file.
    """

    name: ClassVar[str] = "take_sum_s8.portable"
    operator: ClassVar[type[Operator]] = TakeSum
    suffix: ClassVar[str] = "s8"

    def invoke(self, op: Operator, graph: Graph) -> Invocation:
        assert isinstance(op, TakeSum)
        given, out = operands(op, graph), graph.tensor(op.outputs[0])
        x = given.tensors[0]
        axes = three(op.taps)
        multiplier, shift = op.requantization([x], [out])
        lists: list[Constant] = []
        for role, taps in zip(("outer", "row", "column"), axes, strict=True):
            starts = list(itertools.accumulate((len(t) for t in taps), initial=0))
            terms = [term for t in taps for term in t] or [0]
            lists.append(Constant(f"{role}_starts", np.array(starts, np.int32)))
            lists.append(Constant(f"{role}_terms", np.array(terms, np.int32)))
        return Invocation(
            kernel=self.name,
            function=f"mcugen_take_sum_{self.suffix}",
            source=f"portable/movement/take_sum_{self.suffix}.c",
            params_type="mcugen_take_sum_params",
            params={
                "outer": len(axes[0]),
                "rows": len(axes[1]),
                "columns": len(axes[2]),
                "input_zero_point": x.zero_point,
                "output_zero_point": out.zero_point,
                "multiplier": multiplier,
                "shift": shift,
            },
            inputs=given.inputs,
            constants=(*given.constants, *lists),
            outputs=(out.name,),
        )

    def cost(self, op: Operator, graph: Graph) -> float:
        assert isinstance(op, TakeSum)
        sums = math.prod(sum(len(t) for t in taps) for taps in op.taps)
        return 5.0 * sums + 30.0 * graph.tensor(op.outputs[0]).elements


class TakeSumInt16Portable(OnInt16, TakeSumPortable):
    """mcugen_take_sum_s16."""

    name: ClassVar[str] = "take_sum_s16.portable"
    suffix: ClassVar[str] = "s16"


def three(axes: tuple[Taps, ...]) -> tuple[Taps, Taps, Taps]:
    """The last two axes, and all before them as one."""
    *before, rows, columns = (_NOTHING, _NOTHING, *axes)
    outer = _NOTHING
    for taps in before:
        outer = tuple(tuple(a + b for a in left for b in right) for left in outer for right in taps)
    return outer, rows, columns
