"""Concatenation along one axis."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from mcugen.graph.ops.base import Operator
from mcugen.graph.ops.checks import require, require_arity, require_movable, require_shape
from mcugen.graph.tensor import IntArray, Tensor


@dataclass(frozen=True, kw_only=True)
class Concatenation(Operator):
    """LiteRT CONCATENATION: joins inputs along an axis; all share the output's type and quantization.

    Attributes:
        axis: not negative.
    """

    kind: ClassVar[str] = "concatenation"
    axis: int

    def validate(self, inputs: Sequence[Tensor], outputs: Sequence[Tensor]) -> None:
        require_arity(self, inputs, outputs, 1, max(len(inputs), 1))
        out = outputs[0]
        require_movable(self, *inputs, out)
        rank = len(out.shape)
        require(0 <= self.axis < rank, self, f"axis {self.axis} is not one of {rank}")
        require(all(len(t.shape) == rank for t in inputs), self, f"all inputs must have {rank} axes")
        joined = sum(t.shape[self.axis] for t in inputs)
        for t in inputs:
            expected = tuple(joined if axis == self.axis else size for axis, size in enumerate(t.shape))
            require_shape(self, out, expected)

    def reference(
        self, inputs: Sequence[IntArray], tensors_in: Sequence[Tensor], tensors_out: Sequence[Tensor]
    ) -> list[IntArray]:
        return [np.concatenate(list(inputs), axis=self.axis)]
