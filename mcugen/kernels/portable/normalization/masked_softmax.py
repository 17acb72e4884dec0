"""Softmax with a mask on any CPU."""

from __future__ import annotations

import math
from typing import ClassVar

import numpy as np

from mcugen.boards.board import Cpu
from mcugen.graph.graph import Graph
from mcugen.graph.ops.base import Operator
from mcugen.graph.ops.normalization.masked_softmax import MaskedSoftmax
from mcugen.graph.ops.normalization.softmax import share_bits
from mcugen.graph.tensor import Tensor
from mcugen.kernels.base import Constant, Invocation, Overlap
from mcugen.kernels.portable.common import PortableKernel, flat, pad_front
from mcugen.kernels.portable.normalization.softmax import TABLE_COST, exponentials, most_below

RANK = 6


class MaskedSoftmaxPortable(PortableKernel):
    """mcugen_masked_softmax_s8. The mask may be a constant."""

    name: ClassVar[str] = "masked_softmax_s8.portable"
    operator: ClassVar[type[Operator]] = MaskedSoftmax

    def supports(self, op: Operator, graph: Graph, cpu: Cpu) -> bool:
        x = graph.tensor(op.inputs[0])
        return isinstance(op, MaskedSoftmax) and x.dtype == "int8" and not x.is_constant

    def invoke(self, op: Operator, graph: Graph) -> Invocation:
        assert isinstance(op, MaskedSoftmax)
        x, mask = graph.input_tensors(op)
        p = op.parameters([x])
        constants = [exponentials(p)]
        if mask.data is not None:
            constants.insert(0, Constant("mask", flat(mask.data).astype(np.uint8), 1))
        return Invocation(
            kernel=self.name,
            function="mcugen_masked_softmax_s8",
            source="portable/normalization/masked_softmax_s8.c",
            params_type="mcugen_masked_softmax_params",
            params={
                "shape": pad_front(x.shape, RANK, 1),
                "mask_step": mask_steps(mask, len(x.shape)),
                "most_below": most_below(p),
                "share_bits": share_bits(graph.tensor(op.outputs[0])),
                "included": int(op.included),
            },
            inputs=op.inputs if mask.data is None else op.inputs[:1],
            constants=tuple(constants),
            outputs=op.outputs,
            overlaps=(Overlap(0, 0),),
        )

    def cost(self, op: Operator, graph: Graph) -> float:
        out = graph.tensor(op.outputs[0])
        return (TABLE_COST + 12) * out.elements + 150.0 * (out.elements // out.shape[-1])


def mask_steps(mask: Tensor, rank: int) -> tuple[int, ...]:
    """Elements from one to the next along each axis; 0 where the mask is repeated."""
    shape = pad_front(mask.shape, rank, 1)
    return pad_front([0 if n == 1 else math.prod(shape[i + 1 :]) for i, n in enumerate(shape)], RANK, 0)
