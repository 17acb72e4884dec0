"""Softmax of int8 with shares of 16 bits."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from mcugen.graph.ops.base import Operator
from mcugen.graph.ops.checks import require, require_arity, require_int8, require_shape
from mcugen.graph.ops.normalization.softmax import (
    SUM_INTEGER_BITS,
    SoftmaxParameters,
    integer_shares,
    softmax_parameters,
)
from mcugen.graph.tensor import IntArray, Quantization, Tensor

SHARE_BITS = 16
SHARES = Quantization.per_tensor(2.0**-SHARE_BITS, -32768)
"""The quantization of the results."""


@dataclass(frozen=True, kw_only=True)
class TflmSoftmax(Operator):
    """LiteRT SOFTMAX over the last axis of int8, to int16 with the scale 2**-16 and the zero point -32768.

    Source: TFLM `reference_ops::Softmax<int8_t, int16_t>`: that of int8 with 8 more bits of each share.

    Attributes:
        beta: factor of the exponent, positive.
    """

    kind: ClassVar[str] = "tflm_softmax"
    beta: float = 1.0

    def parameters(self, inputs: Sequence[Tensor]) -> SoftmaxParameters:
        return softmax_parameters(self.beta, inputs[0].scale)

    def validate(self, inputs: Sequence[Tensor], outputs: Sequence[Tensor]) -> None:
        require_arity(self, inputs, outputs, 1, 1)
        x, out = inputs[0], outputs[0]
        require_int8(self, x)
        require_shape(self, out, x.shape)
        depth, limit = x.shape[-1] if x.shape else 0, 1 << SUM_INTEGER_BITS
        require(0 < depth < limit, self, f"the last axis has {depth} elements, must be 1 to {limit - 1}")
        require(
            out.dtype == "int16" and out.quantization is not None, self, f"makes int16 with a scale, not {out.dtype}"
        )
        known = (out.scale, out.zero_point) == (SHARES.scale, SHARES.zero_point)
        require(known, self, f"makes int16 with the scale 2**-16 and the zero point -32768, not {out.quantization}")
        require(0 < self.beta < math.inf, self, f"beta is {self.beta}, must be positive and finite")

    def reference(
        self, inputs: Sequence[IntArray], tensors_in: Sequence[Tensor], tensors_out: Sequence[Tensor]
    ) -> list[IntArray]:
        x = inputs[0].astype(np.int64)
        shares = integer_shares(x, np.ones(x.shape, bool), self.parameters(tensors_in), SHARE_BITS)
        return [np.clip(shares - 32768, -32768, 32767).astype(np.int16)]
