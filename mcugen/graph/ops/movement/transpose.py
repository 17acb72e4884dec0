"""Permutation of the axes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from mcugen.graph.ops.base import Operator
from mcugen.graph.ops.checks import require, require_arity, require_movable, require_shape
from mcugen.graph.tensor import IntArray, Tensor


@dataclass(frozen=True, kw_only=True)
class Transpose(Operator):
    """LiteRT TRANSPOSE: output = transpose(input, permutation), as NumPy.

    Attributes:
        permutation: output axis i is input axis permutation[i].
    """

    kind: ClassVar[str] = "transpose"
    permutation: tuple[int, ...]

    def validate(self, inputs: Sequence[Tensor], outputs: Sequence[Tensor]) -> None:
        require_arity(self, inputs, outputs, 1, 1)
        x, out = inputs[0], outputs[0]
        require_movable(self, x, out)
        is_permutation = sorted(self.permutation) == list(range(len(x.shape)))
        require(is_permutation, self, f"{self.permutation} does not permute {len(x.shape)} axes")
        require_shape(self, out, tuple(x.shape[axis] for axis in self.permutation))

    def reference(
        self, inputs: Sequence[IntArray], tensors_in: Sequence[Tensor], tensors_out: Sequence[Tensor]
    ) -> list[IntArray]:
        return [np.ascontiguousarray(inputs[0].transpose(self.permutation))]
