"""Elements of one of two tensors, by a condition."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from mcugen.graph.ops.base import Operator
from mcugen.graph.ops.checks import require, require_arity, require_movable, require_shape
from mcugen.graph.ops.elementwise.binary import broadcast_shape
from mcugen.graph.tensor import IntArray, Tensor


@dataclass(frozen=True, kw_only=True)
class Where(Operator):
    """Input 1 where input 0 (bool) is true, else input 2; all three broadcast, any of them may be a constant.

    The values are int8 of one quantization, or plain integers or booleans of one type.
    """

    kind: ClassVar[str] = "where"
    pointwise: ClassVar[bool] = True

    def validate(self, inputs: Sequence[Tensor], outputs: Sequence[Tensor]) -> None:
        require_arity(self, inputs, outputs, 3, 3)
        require(inputs[0].dtype == "bool", self, f"the condition is {inputs[0].dtype}, must be bool")
        require_movable(self, *inputs[1:], *outputs)
        require_shape(self, outputs[0], broadcast_shape(self, inputs))

    def reference(
        self, inputs: Sequence[IntArray], tensors_in: Sequence[Tensor], tensors_out: Sequence[Tensor]
    ) -> list[IntArray]:
        return [np.asarray(np.where(*inputs))]
