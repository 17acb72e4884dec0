"""Bilinear interpolation over NHWC at any places."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

import numpy as np
import numpy.typing as npt

from mcugen.graph.ops.base import Operator
from mcugen.graph.ops.checks import (
    require,
    require_activations,
    require_arity,
    require_nhwc,
    require_same_quantization,
    require_shape,
)
from mcugen.graph.tensor import DTYPES, IntArray, Tensor

FRACTION_BITS = 11
"""Of a place between two neighbours; two weights and an int8 make 30 bits."""

Places = tuple[tuple[int, int], ...]
"""For each output row or column (i, f): f / 2**FRACTION_BITS of the way from input i to input i + 1."""


@dataclass(frozen=True, kw_only=True)
class ResizeBilinear(Operator):
    """output = the four nearest inputs, weighted with products of 11-bit fractions, rounded once, half away from zero.

    Input (N, H, W, C), output (N, OH, OW, C), int8 or int16; they share their quantization. The raw integers are
    interpolated (zero point included), as in TFLM `reference_integer_ops::ResizeBilinear`, whose places are sums of a
    rounded step; these are each rounded from the exact place.

    Attributes:
        rows, columns: see `Places`; f is 0 for the last input.
    """

    kind: ClassVar[str] = "resize_bilinear"
    rows: Places
    columns: Places

    def validate(self, inputs: Sequence[Tensor], outputs: Sequence[Tensor]) -> None:
        require_arity(self, inputs, outputs, 1, 1)
        x, out = inputs[0], outputs[0]
        require_activations(self, x, out)
        require_nhwc(self, x, out)
        require_same_quantization(self, x, out)
        require(max(x.shape[1:3]) < 1 << 15, self, f"images of {x.shape[1:3]} are too large")
        for places, size in ((self.rows, x.shape[1]), (self.columns, x.shape[2])):
            for first, fraction in places:
                between = 0 <= fraction < 1 << FRACTION_BITS and 0 <= first < size - (fraction > 0)
                require(between, self, f"place {(first, fraction)} is not in an image of {x.shape[1:3]}")
        require_shape(self, out, (x.shape[0], len(self.rows), len(self.columns), x.shape[3]))

    def reference(
        self, inputs: Sequence[IntArray], tensors_in: Sequence[Tensor], tensors_out: Sequence[Tensor]
    ) -> list[IntArray]:
        x = inputs[0].astype(np.int64)
        sums = np.einsum("yh,xw,nhwc->nyxc", _weights(self.rows, x.shape[1]), _weights(self.columns, x.shape[2]), x)
        return [_rounded(sums).astype(DTYPES[tensors_out[0].dtype])]

    def macs(self, inputs: Sequence[Tensor], outputs: Sequence[Tensor]) -> int:
        """Four products for each output."""
        return 4 * outputs[0].elements


def _rounded(sums: npt.NDArray[np.int64]) -> npt.NDArray[np.int64]:
    """Without the fraction's bits: to nearest, ties away from zero. Sums of int8 have 31 bits, of int16 39."""
    half = np.int64(1) << (2 * FRACTION_BITS - 1)
    result: npt.NDArray[np.int64] = (sums + half - (sums < 0)) >> (2 * FRACTION_BITS)
    return result


def _weights(places: Places, size: int) -> npt.NDArray[np.int64]:
    """(outputs, inputs): the integer weight of each."""
    weights = np.zeros((len(places), size + 1), np.int64)
    for row, (first, fraction) in enumerate(places):
        weights[row, first] = (1 << FRACTION_BITS) - fraction
        weights[row, first + 1] = fraction
    return weights[:, :size]
