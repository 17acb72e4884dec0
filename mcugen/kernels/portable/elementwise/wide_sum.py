"""Sums and differences that read or give int16, on any CPU."""

from __future__ import annotations

from typing import ClassVar

from mcugen.graph.graph import Graph
from mcugen.graph.ops.base import Operator
from mcugen.graph.ops.elementwise.wide_sum import WideSum
from mcugen.graph.tensor import DTYPES, Tensor
from mcugen.kernels.base import Invocation, Overlap, ParamValue
from mcugen.kernels.portable.broadcast import RANK, broadcast
from mcugen.kernels.portable.common import PortableKernel, operands
from mcugen.kernels.portable.elementwise.integer import byte_constants


class WideSumPortable(PortableKernel):
    """mcugen_wide_sum. A constant is always the second operand in the call; the factors say which sign it has."""

    name: ClassVar[str] = "wide_sum.portable"
    operator: ClassVar[type[Operator]] = WideSum
    wide: ClassVar[bool] = True
    limits: ClassVar[str] = f"broadcasting over at most {RANK} groups of axes"

    def fits(self, op: Operator, graph: Graph) -> bool:
        first, second = (t.shape for t in operands(op, graph).tensors)
        return len(broadcast(first, second, graph.tensor(op.outputs[0]).shape).shape) <= RANK

    def invoke(self, op: Operator, graph: Graph) -> Invocation:
        assert isinstance(op, WideSum)
        given, out = operands(op, graph), graph.tensor(op.outputs[0])
        q = op.factors(graph.input_tensors(op), [out])
        order = sorted(range(2), key=lambda i: graph.tensor(op.inputs[i]).is_constant)
        factors = [(q.first, q.second)[i] for i in order]
        walk = broadcast(given.tensors[0].shape, given.tensors[1].shape, out.shape).params()
        params: dict[str, ParamValue] = {"shape": walk["shape"]}
        for index, x in enumerate(given.tensors):
            steps = walk[f"step{index}"]
            assert isinstance(steps, tuple)
            params |= {
                f"step{index}": tuple(step * DTYPES[x.dtype].itemsize for step in steps),
                f"bytes{index}": DTYPES[x.dtype].itemsize,
                f"input{index}_zero_point": x.zero_point,
                f"input{index}_factor": factors[index],
            }
        params |= {
            "output_bytes": DTYPES[out.dtype].itemsize,
            "output_zero_point": out.zero_point,
            "shift": q.shift,
            "clamp_min": op.clamp[0],
            "clamp_max": op.clamp[1],
        }
        return Invocation(
            kernel=self.name,
            function="mcugen_wide_sum",
            source="portable/elementwise/wide_sum.c",
            params_type="mcugen_wide_sum_params",
            params=params,
            inputs=given.inputs,
            constants=byte_constants(given.constants),
            outputs=(out.name,),
            as_bytes=True,
            overlaps=_in_place(given.tensors[: len(given.inputs)], out),
        )

    def cost(self, op: Operator, graph: Graph) -> float:
        return 30.0 * graph.tensor(op.outputs[0]).elements


def _in_place(inputs: tuple[Tensor, ...], out: Tensor) -> tuple[Overlap, ...]:
    """An activation of as many elements, no narrower than the output's, has been read where that is written."""
    same = [x.elements == out.elements and x.size_bytes >= out.size_bytes for x in inputs]
    return tuple(Overlap(index, 0) for index, fits in enumerate(same) if fits)
