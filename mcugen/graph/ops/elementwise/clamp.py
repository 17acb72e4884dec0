"""Stand-alone activation that only limits the range."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from mcugen.graph.ops.base import Operator
from mcugen.graph.ops.checks import (
    require_activations,
    require_arity,
    require_clamp,
    require_same_quantization,
    require_shape,
)
from mcugen.graph.tensor import IntArray, Tensor


@dataclass(frozen=True, kw_only=True)
class Clamp(Operator):
    """Stand-alone ReLU, ReLU6 or hardtanh whose input and output share their quantization and shape.

    Attributes:
        clamp: lowest and highest output integer.
    """

    kind: ClassVar[str] = "clamp"
    pointwise: ClassVar[bool] = True
    clamp: tuple[int, int]

    def validate(self, inputs: Sequence[Tensor], outputs: Sequence[Tensor]) -> None:
        require_arity(self, inputs, outputs, 1, 1)
        require_activations(self, inputs[0], outputs[0])
        require_shape(self, outputs[0], inputs[0].shape)
        require_same_quantization(self, inputs[0], outputs[0])
        require_clamp(self, self.clamp, outputs[0])

    def reference(
        self, inputs: Sequence[IntArray], tensors_in: Sequence[Tensor], tensors_out: Sequence[Tensor]
    ) -> list[IntArray]:
        return [np.clip(inputs[0], *self.clamp).astype(inputs[0].dtype)]
