"""Mean and sum over axes on any CPU."""

from __future__ import annotations

from typing import ClassVar

from mcugen.graph.graph import Graph
from mcugen.graph.ops.base import Operator
from mcugen.graph.ops.reduction.mean import Mean, ReduceSum, Total
from mcugen.kernels.base import Invocation, Overlap
from mcugen.kernels.portable.common import PortableKernel, operands

_GROUPS = 7


class MeanPortable(PortableKernel):
    """mcugen_mean_s8: reduced and kept axes alternate, three groups of reduced ones: as many as six axes have."""

    name: ClassVar[str] = "mean_s8.portable"
    operator: ClassVar[type[Operator]] = Mean

    def invoke(self, op: Operator, graph: Graph) -> Invocation:
        assert isinstance(op, Total)
        given, out = operands(op, graph), graph.tensor(op.outputs[0])
        x = given.tensors[0]
        multiplier, shift = op.requantization([x], [out])
        groups = self.groups(x.shape, op.axes)
        return Invocation(
            kernel=self.name,
            function="mcugen_mean_s8",
            source="portable/reduction/mean_s8.c",
            params_type="mcugen_mean_params",
            params={
                "shape": groups,
                "input_zero_point": x.zero_point,
                "output_zero_point": out.zero_point,
                "multiplier": multiplier,
                "shift": shift,
            },
            inputs=given.inputs,
            constants=given.constants,
            outputs=(out.name,),
            # Output i is written after its input elements were read; those of later outputs lie at i + 1 or above.
            overlaps=(Overlap(0, 0),) if given.inputs else (),
        )

    def groups(self, shape: tuple[int, ...], axes: tuple[int, ...]) -> tuple[int, ...]:
        """The seven groups as the kernel walks over them: the last one is what neighbours in memory belong to."""
        groups = alternating(shape, axes)
        groups = groups if len(groups) % 2 else (*groups, 1)
        return (*([1] * (_GROUPS - len(groups))), *groups)

    def cost(self, op: Operator, graph: Graph) -> float:
        return 4.0 * graph.tensor(op.inputs[0]).elements + 30.0 * graph.tensor(op.outputs[0]).elements


class ReduceSumPortable(MeanPortable):
    """mcugen_mean_s8 with a multiplier that does not divide."""

    name: ClassVar[str] = "reduce_sum_s8.portable"
    operator: ClassVar[type[Operator]] = ReduceSum


def seven_groups(shape: tuple[int, ...], axes: tuple[int, ...]) -> tuple[int, ...]:
    """As `alternating`, filled up to the seven groups that C kernels of reductions walk over."""
    groups = alternating(shape, axes)
    return (*groups, *([1] * (_GROUPS - len(groups))))


def alternating(shape: tuple[int, ...], axes: tuple[int, ...]) -> tuple[int, ...]:
    """Sizes of neighbouring axes merged into groups kept, reduced, kept, ...; axes of one element belong anywhere."""
    groups = [1]
    for axis, size in enumerate(shape):
        if size == 1:
            continue
        reduced = axis in axes
        if (len(groups) % 2 == 0) != reduced:
            groups.append(1)
        groups[-1] *= size
    return tuple(groups)
