"""Softmax over the elements that a mask lets take part."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from mcugen.graph.ops.base import Operator
from mcugen.graph.ops.checks import require, require_arity
from mcugen.graph.ops.normalization.softmax import (
    SoftmaxParameters,
    integer_softmax,
    require_softmax,
    share_bits,
    softmax_parameters,
)
from mcugen.graph.ops.normalization.wide_softmax import require_wide_softmax, wide_integer_softmax
from mcugen.graph.tensor import IntArray, Tensor


@dataclass(frozen=True, kw_only=True)
class MaskedSoftmax(Operator):
    """Softmax over the last axis (the arithmetic of `Softmax`) of the elements that take part; all others give 0.

    Inputs: activations; a bool tensor that broadcasts to their shape. A row of which nothing takes part is 0.

    Attributes:
        beta: factor of the exponent, positive.
        included: the value of the mask where an element takes part.
    """

    kind: ClassVar[str] = "masked_softmax"
    beta: float = 1.0
    included: bool = True

    def parameters(self, inputs: Sequence[Tensor]) -> SoftmaxParameters:
        return softmax_parameters(self.beta, inputs[0].scale)

    def validate(self, inputs: Sequence[Tensor], outputs: Sequence[Tensor]) -> None:
        require_arity(self, inputs, outputs, 2, 2)
        x, mask = inputs
        require_rules = require_wide_softmax if x.dtype == "int16" else require_softmax
        require_rules(self, x, outputs[0], self.beta)
        require(mask.dtype == "bool", self, f"the mask {mask.name!r} is {mask.dtype}, must be bool")
        try:
            shape = tuple(np.broadcast_shapes(x.shape, mask.shape))
        except ValueError:
            shape = ()
        require(shape == x.shape, self, f"a mask of shape {mask.shape} does not broadcast to {x.shape}")

    def reference(
        self, inputs: Sequence[IntArray], tensors_in: Sequence[Tensor], tensors_out: Sequence[Tensor]
    ) -> list[IntArray]:
        takes_part = np.broadcast_to(inputs[1].astype(bool) == self.included, inputs[0].shape)
        x = inputs[0].astype(np.int64)
        if tensors_in[0].dtype == "int16":
            return [wide_integer_softmax(x, takes_part, self.beta, tensors_in[0].scale)]
        return [integer_softmax(x, takes_part, self.parameters(tensors_in), share_bits(tensors_out[0]))]
