"""Sums and differences that read or give int16: what adds up along the depth of a network keeps its small parts."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from mcugen.graph.ops.base import Operator
from mcugen.graph.ops.checks import require, require_arity, require_clamp, require_real, require_shape
from mcugen.graph.ops.elementwise.binary import broadcast_shape
from mcugen.graph.tensor import DTYPES, IntArray, Tensor

_FACTOR_BITS = 31
_MOST_SHIFT = 46


@dataclass(frozen=True)
class WideFactors:
    """output = zero point + (first * (x0 - zero point 0) + second * (x1 - zero point 1)) / 2**shift, rounded."""

    first: int
    second: int
    shift: int


@dataclass(frozen=True, kw_only=True)
class WideSum(Operator):
    """input 0 + sign * input 1, each int8 or int16, as int8 or int16. They broadcast, and either may be a constant.

    Both products are exact, their sum has 64 bits and is rounded once, to nearest, ties up: within
    0.5 + 2**-8 output steps of the exact result.

    Attributes:
        sign: 1 or -1.
        clamp: lowest and highest output integer.
    """

    kind: ClassVar[str] = "wide_sum"
    pointwise: ClassVar[bool] = True
    sign: int = 1
    clamp: tuple[int, int]

    def factors(self, inputs: Sequence[Tensor], outputs: Sequence[Tensor]) -> WideFactors:
        """The larger factor has 31 bits, unless both inputs are so fine that no result could differ from 0."""
        # Beyond this ratio every integer but 0 saturates.
        limit = 2.0**17
        ratios = [min(t.scale / outputs[0].scale, limit) for t in inputs]
        shift = min(_FACTOR_BITS - math.frexp(max(ratios))[1], _MOST_SHIFT)
        first, second = (min(round(math.ldexp(ratio, shift)), (1 << _FACTOR_BITS) - 1) for ratio in ratios)
        return WideFactors(first, self.sign * second, shift)

    def validate(self, inputs: Sequence[Tensor], outputs: Sequence[Tensor]) -> None:
        require_arity(self, inputs, outputs, 2, 2)
        require_real(self, *inputs, *outputs)
        require_shape(self, outputs[0], broadcast_shape(self, inputs))
        require_clamp(self, self.clamp, outputs[0])
        require(self.sign in (1, -1), self, f"sign is {self.sign}, must be 1 or -1")

    def reference(
        self, inputs: Sequence[IntArray], tensors_in: Sequence[Tensor], tensors_out: Sequence[Tensor]
    ) -> list[IntArray]:
        q, out = self.factors(tensors_in, tensors_out), tensors_out[0]
        first, second = (x.astype(np.int64) - t.zero_point for x, t in zip(inputs, tensors_in, strict=True))
        total = first * q.first + second * q.second
        rounded = (total + (np.int64(1) << (q.shift - 1))) >> q.shift
        return [np.clip(rounded + out.zero_point, *self.clamp).astype(DTYPES[out.dtype])]
