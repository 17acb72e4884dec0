"""A copy in memory of its own."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

from mcugen.graph.ops.base import Operator
from mcugen.graph.ops.checks import require_arity, require_movable, require_shape
from mcugen.graph.tensor import IntArray, Tensor


@dataclass(frozen=True, kw_only=True)
class Copy(Operator):
    """The same tensor in memory of its own: an output that would else be an input, another output, or a constant."""

    kind: ClassVar[str] = "copy"

    def validate(self, inputs: Sequence[Tensor], outputs: Sequence[Tensor]) -> None:
        require_arity(self, inputs, outputs, 1, 1)
        require_movable(self, inputs[0], outputs[0])
        require_shape(self, outputs[0], inputs[0].shape)

    def reference(
        self, inputs: Sequence[IntArray], tensors_in: Sequence[Tensor], tensors_out: Sequence[Tensor]
    ) -> list[IntArray]:
        return [inputs[0].copy()]
