"""Between real numbers and integers: quantize and dequantize.

`quantize` gives the bits of PyTorch's `quantized_decomposed.quantize_per_tensor` (and `_per_channel`), because the
model that the user compares with is a PyTorch program: multiply by the float32 reciprocal of the scale, round half to
even, add the zero point, clamp. LiteRT's QUANTIZE divides and rounds half away from zero instead; the two differ by one
step, on values that are (within float32 precision) halfway between two integers.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from mcugen.graph.tensor import DTYPES, IntArray, Quantization, dtype_range

FloatArray = npt.NDArray[np.float32]


def _broadcast(values: npt.NDArray[Any], q: Quantization, rank: int) -> npt.NDArray[Any]:
    """One value for each slice along the channel axis, shaped to broadcast over `rank` axes."""
    if q.axis is None:
        return values.reshape(())
    shape = [1] * rank
    shape[q.axis] = len(q.scales)
    return values.reshape(shape)


def reciprocal(scale: float) -> np.float32:
    """What real numbers are multiplied with; finite for any scale."""
    return np.float32(min(1.0 / scale, float(np.finfo(np.float32).max)))


def quantize(values: npt.ArrayLike, quantization: Quantization, dtype: str) -> IntArray:
    """clamp(round_half_even(value / scale) + zero point) to the whole range of `dtype`; same shape as `values`.

    NaN is refused; infinities clamp.

    Raises:
        ValueError: a value is NaN, or the channel axis does not match.
    """
    real = np.asarray(values, dtype=np.float32)
    if np.isnan(real).any():
        raise ValueError("cannot quantize NaN")
    if quantization.axis is not None and real.shape[quantization.axis] != len(quantization.scales):
        raise ValueError(f"{len(quantization.scales)} scales for axis {quantization.axis} of shape {real.shape}")
    reciprocals = np.array([reciprocal(scale) for scale in quantization.scales], np.float32)
    low, high = dtype_range(dtype)
    with np.errstate(over="ignore"):
        steps = np.rint(real * _broadcast(reciprocals, quantization, real.ndim))
    zero_points = np.array(quantization.zero_points, np.float64)
    shifted = steps.astype(np.float64) + _broadcast(zero_points, quantization, real.ndim)
    result: IntArray = np.clip(shifted, float(low), float(high)).astype(DTYPES[dtype])
    return result


def dequantize(values: IntArray, quantization: Quantization) -> FloatArray:
    """(integer - zero point) * scale in float32; same shape as `values`."""
    zero_points = _broadcast(np.array(quantization.zero_points, np.int64), quantization, values.ndim)
    scales = _broadcast(np.array(quantization.scales, np.float32), quantization, values.ndim)
    result: FloatArray = (values.astype(np.int64) - zero_points).astype(np.float32) * scales
    return result


def normalize(
    values: npt.ArrayLike, axis: int | None, factors: Sequence[float], offsets: Sequence[float]
) -> FloatArray:
    """(real - offset) / factor in double precision, rounded to float32; same shape as `values`.

    Args:
        axis: of `values`, with a factor and an offset for each index; None: one of each for all.
    """
    real = np.asarray(values, np.float64)
    shape = [-1 if index == axis else 1 for index in range(real.ndim)] if axis is not None else []
    factor, offset = (np.array(v, np.float64).reshape(shape) for v in (factors, offsets))
    with np.errstate(over="ignore"):
        result: FloatArray = ((real - offset) / factor).astype(np.float32)
    return result
