"""The same elements under another shape."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

from mcugen.graph.ops.base import Operator
from mcugen.graph.ops.checks import require, require_arity, require_movable
from mcugen.graph.tensor import IntArray, Tensor


@dataclass(frozen=True, kw_only=True)
class Reshape(Operator):
    """Same elements in the same order under another shape (the output tensor's); moves no data."""

    kind: ClassVar[str] = "reshape"

    def validate(self, inputs: Sequence[Tensor], outputs: Sequence[Tensor]) -> None:
        require_arity(self, inputs, outputs, 1, 1)
        x, out = inputs[0], outputs[0]
        require_movable(self, x, out)
        require(x.elements == out.elements, self, f"{x.shape} has {x.elements} elements, {out.shape} {out.elements}")

    def reference(
        self, inputs: Sequence[IntArray], tensors_in: Sequence[Tensor], tensors_out: Sequence[Tensor]
    ) -> list[IntArray]:
        return [inputs[0].reshape(tensors_out[0].shape)]
