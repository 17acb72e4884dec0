"""Softmax of int16 in TFLM's integer arithmetic: exponentials and the reciprocal of their sum by interpolation."""

from __future__ import annotations

import math
from functools import cache

import numpy as np
import numpy.typing as npt

from mcugen.graph.arithmetic import multiply_by_quantized_multiplier, quantize_multiplier
from mcugen.graph.interpolation import litert_entries, look_up
from mcugen.graph.ops.base import Operator
from mcugen.graph.ops.checks import require, require_activations, require_shape
from mcugen.graph.tensor import IntArray, Quantization, Tensor

WIDE_SHARES = Quantization.per_tensor(2.0**-15, 0, bits=16)
"""The quantization of the results."""

_RANGE = 10.0
"""Exponentials of differences beyond this are those of it."""
_MOST_ELEMENTS = 1 << 16
"""The sum of exponentials in Q16.15 fits 32 bits."""
_MOST_MULTIPLIER = float(1 << 17)


@cache
def exponential_entries() -> IntArray:
    """exp(x) for x from -10 to 0, in Q0.15."""
    step = np.float32(_RANGE) / np.float32(65535)
    return litert_entries(np.exp, float(step), 32767, float(np.float32(2.0) / np.float32(65535)))


@cache
def reciprocal_entries() -> IntArray:
    """1 / (1 + x) for x from 0 to 1, in Q0.15."""
    step = np.float32(1.0) / np.float32(65535)

    def reciprocal(x: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
        return 1 / (np.float32(1) + x.astype(np.float32)).astype(np.float64)

    return litert_entries(reciprocal, float(step), -32768, float(np.float32(2.0) / np.float32(65535)))


def wide_softmax_multiplier(beta: float, scale: float) -> tuple[int, int]:
    """(multiplier, shift) that bring differences of elements to steps of 10 / 65535 (TFLM `CalculateSoftmaxParams`).

    From 2**17 on every difference but 0 is beyond the range.
    """
    return quantize_multiplier(min(scale * float(np.float32(beta)) / (_RANGE / 65535.0), _MOST_MULTIPLIER))


def require_wide_softmax(op: Operator, x: Tensor, out: Tensor, beta: float) -> None:
    """The rules of a softmax of int16 over the last axis."""
    require_activations(op, x, out)
    require_shape(op, out, x.shape)
    depth = x.shape[-1] if x.shape else 0
    require(0 < depth < _MOST_ELEMENTS, op, f"the last axis has {depth} elements, must be 1 to {_MOST_ELEMENTS - 1}")
    require(out.quantization == WIDE_SHARES, op, f"output scale {out.scale}; int16 shares have 2**-15")
    require(0 < beta < math.inf, op, f"beta is {beta}, must be positive and finite")


def wide_integer_softmax(
    x: npt.NDArray[np.int64], takes_part: npt.NDArray[np.bool_], beta: float, scale: float
) -> IntArray:
    """int16 shares, scale 2**-15, of the last axis' elements that take part; 0 for others.

    Source: TFLM `reference_ops::SoftmaxInt16`.
    """
    largest = np.where(takes_part, x, -32768).max(axis=-1, keepdims=True)
    difference = multiply_by_quantized_multiplier(
        np.where(takes_part, x - largest, 0), *wide_softmax_multiplier(beta, scale)
    )
    exponentials = look_up(np.clip(difference + 32767, -32768, 32767), exponential_entries().astype(np.int64))
    exponentials = np.where(takes_part, exponentials, 0)
    total = exponentials.sum(axis=-1, keepdims=True)
    # Where nothing takes part, any sum will do that is as large as one element's.
    total = np.where(total == 0, 1 << 15, total)
    # Leading zeros of 32 bits; frexp's exponent is the bit length.
    zeros = 32 - np.frexp(total.astype(np.float64))[1].astype(np.int64)
    # Normalised to [1, 2) with 16 fractional bits; the entries are centred around 1.5.
    normalised = ((total << (zeros - 1)) + (1 << 13)) >> 14
    centred = np.clip(normalised - ((1 << 15) + (1 << 16)), -32768, 32767)
    reciprocal = look_up(centred, reciprocal_entries().astype(np.int64))
    right = 31 - zeros
    shares = (exponentials * reciprocal + (np.int64(1) << (right - 1))) >> right
    result: IntArray = np.clip(shares, 0, 32767).astype(np.int16)
    return result
