"""Softmax of int16 with a mask on any CPU."""

from __future__ import annotations

from typing import ClassVar

import numpy as np

from mcugen.graph.graph import Graph
from mcugen.graph.ops.base import Operator
from mcugen.graph.ops.normalization.masked_softmax import MaskedSoftmax
from mcugen.graph.ops.normalization.wide_softmax import wide_softmax_multiplier
from mcugen.kernels.base import Constant, Invocation, Overlap
from mcugen.kernels.portable.common import PortableKernel, flat, pad_front
from mcugen.kernels.portable.normalization.masked_softmax import RANK, mask_steps
from mcugen.kernels.portable.normalization.softmax_s16 import tables


class MaskedSoftmaxInt16Portable(PortableKernel):
    """mcugen_masked_softmax_s16. The mask may be a constant."""

    name: ClassVar[str] = "masked_softmax_s16.portable"
    operator: ClassVar[type[Operator]] = MaskedSoftmax
    wide: ClassVar[bool] = True
    any_type: ClassVar[bool] = True  # the mask

    def fits(self, op: Operator, graph: Graph) -> bool:
        x = graph.tensor(op.inputs[0])
        return x.dtype == "int16" and not x.is_constant

    def invoke(self, op: Operator, graph: Graph) -> Invocation:
        assert isinstance(op, MaskedSoftmax)
        x, mask = graph.input_tensors(op)
        multiplier, shift = wide_softmax_multiplier(op.beta, x.scale)
        constants = tables()
        if mask.data is not None:
            constants = (Constant("mask", flat(mask.data).astype(np.uint8), 1), *constants)
        return Invocation(
            kernel=self.name,
            function="mcugen_masked_softmax_s16",
            source="portable/normalization/masked_softmax_s16.c",
            params_type="mcugen_masked_softmax_s16_params",
            params={
                "shape": pad_front(x.shape, RANK, 1),
                "mask_step": mask_steps(mask, len(x.shape)),
                "multiplier": multiplier,
                "shift": shift,
                "included": int(op.included),
            },
            inputs=op.inputs if mask.data is None else op.inputs[:1],
            constants=constants,
            outputs=op.outputs,
            overlaps=(Overlap(0, 0),),
        )

    def cost(self, op: Operator, graph: Graph) -> float:
        out = graph.tensor(op.outputs[0])
        return 39.0 * out.elements + 60.0 * (out.elements // out.shape[-1])
