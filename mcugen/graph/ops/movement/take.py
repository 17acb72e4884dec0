"""Values at constant places along each axis: slices, flips, repetitions, rolls, paddings by copies, upsampling."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from mcugen.graph.ops.base import Operator
from mcugen.graph.ops.checks import require, require_arity, require_movable, require_shape
from mcugen.graph.tensor import IntArray, Tensor


@dataclass(frozen=True, kw_only=True)
class Take(Operator):
    """output[i, j, ...] = input[indices[0][i], indices[1][j], ...]: `numpy.ix_`, or a chain of LiteRT's GATHERs.

    Input and output share type and quantization.

    Attributes:
        indices: for each axis, the place in the input of each place in the output; not negative.
    """

    kind: ClassVar[str] = "take"
    indices: tuple[tuple[int, ...], ...]

    def validate(self, inputs: Sequence[Tensor], outputs: Sequence[Tensor]) -> None:
        require_arity(self, inputs, outputs, 1, 1)
        x, out = inputs[0], outputs[0]
        require_movable(self, x, out)
        require(len(self.indices) == len(x.shape), self, f"indices of {len(self.indices)} axes for {len(x.shape)}")
        for axis, (taken, size) in enumerate(zip(self.indices, x.shape, strict=True)):
            inside = all(0 <= i < size for i in taken)
            require(inside, self, f"indices of axis {axis} must be in [0, {size})")
        require_shape(self, out, tuple(len(taken) for taken in self.indices))

    def reference(
        self, inputs: Sequence[IntArray], tensors_in: Sequence[Tensor], tensors_out: Sequence[Tensor]
    ) -> list[IntArray]:
        if not self.indices:
            return [inputs[0].copy()]
        return [inputs[0][np.ix_(*(np.asarray(taken, np.intp) for taken in self.indices))]]
