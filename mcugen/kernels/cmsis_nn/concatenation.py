"""Concatenation by CMSIS-NN."""

from __future__ import annotations

import itertools
import math
from typing import ClassVar

from mcugen.graph.graph import Graph
from mcugen.graph.ops import Operator
from mcugen.graph.ops.movement.concatenation import Concatenation
from mcugen.kernels.base import Invocation
from mcugen.kernels.cmsis_nn.base import CmsisNnKernel
from mcugen.kernels.cmsis_nn.core import CoreClass

_MOST_INPUTS = 4
# The sizes of arm_concatenation_s8_x are uint16_t.
_LARGEST = 0xFFFF


class ConcatenationS8(CmsisNnKernel):
    """arm_concatenation_s8_x: rows of bytes side by side, which any axis can be seen as."""

    name: ClassVar[str] = "concatenation_s8.cmsis_nn"
    arm: ClassVar[str] = "concatenation_s8"
    family: ClassVar[str] = "movement"
    params_type: ClassVar[str] = "mcugen_cmsis_nn_concatenation_params"
    operator: ClassVar[type[Operator]] = Concatenation

    def exact(self, op: Operator, graph: Graph) -> bool:
        assert isinstance(op, Concatenation)
        shape = graph.tensor(op.outputs[0]).shape
        fits = max(math.prod(shape[: op.axis]), math.prod(shape[op.axis :])) <= _LARGEST
        constant = any(t.is_constant for t in graph.input_tensors(op))
        return 2 <= len(op.inputs) <= _MOST_INPUTS and fits and not constant

    def invoke(self, op: Operator, graph: Graph) -> Invocation:
        assert isinstance(op, Concatenation)
        shape = graph.tensor(op.outputs[0]).shape
        inner = [math.prod(t.shape[op.axis :]) for t in graph.input_tensors(op)]
        offset = [0, *itertools.accumulate(inner)][: len(inner)]
        unused = (0,) * (_MOST_INPUTS - len(inner))
        return self.invocation(
            op,
            {
                "outer": math.prod(shape[: op.axis]),
                "inner_total": math.prod(shape[op.axis :]),
                "inner": tuple(inner) + unused,
                "offset": tuple(offset) + unused,
            },
            inputs=op.inputs,
            function=f"concatenation{len(inner)}_s8",
            source="concatenation_s8",
        )

    def cost(self, op: Operator, graph: Graph) -> float:
        assert isinstance(op, Concatenation)
        out = graph.tensor(op.outputs[0])
        per_byte, per_row = (0.25, 7.0) if self.core is CoreClass.MVE else (1.1, 15.0)
        return per_byte * out.elements + per_row * len(op.inputs) * math.prod(out.shape[: op.axis])
