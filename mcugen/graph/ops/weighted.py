"""What convolution, depthwise convolution and fully connected share: multipliers and the way out of the accumulator."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from mcugen.graph.arithmetic import multiply_by_quantized_multiplier, quantize_int8_multiplier
from mcugen.graph.tensor import IntArray, Tensor

Int32Array = npt.NDArray[np.int32]


def quantize_multipliers(reals: Sequence[float]) -> tuple[Int32Array, Int32Array]:
    """(multipliers, shifts) of many real multipliers, both int32; see `quantize_int8_multiplier`."""
    pairs = [quantize_int8_multiplier(r) for r in reals]
    return np.array([m for m, _ in pairs], np.int32), np.array([s for _, s in pairs], np.int32)


def channel_requantization(x: Tensor, weights: Tensor, out: Tensor, channels: int) -> tuple[Int32Array, Int32Array]:
    """(multipliers, shifts) per output channel, each of shape (channels,).

    The real multiplier is double(input scale) * double(weight scale) / double(output scale) of float32 scales, as in
    TFLM `PopulateConvolutionQuantizationParams` and `GetQuantizedConvolutionMultipler`.
    """
    assert weights.quantization is not None
    scales = weights.quantization.scales
    if weights.quantization.axis is None:
        scales = scales * channels
    return quantize_multipliers([x.scale * s / out.scale for s in scales])


def finish_accumulator(
    accumulator: npt.NDArray[np.int64],
    requantization: tuple[Int32Array, Int32Array],
    out: Tensor,
    clamp: tuple[int, int],
) -> IntArray:
    """Requantizes int32 accumulators whose last axis is the channel, adds the zero point and clamps."""
    scaled = multiply_by_quantized_multiplier(accumulator, *requantization) + out.zero_point
    return np.clip(scaled, *clamp).astype(np.int8)


def exact_float(bound: int) -> type[np.floating[Any]]:
    """The fastest float type whose sums of magnitude up to `bound` are exact, so that BLAS gives integer results."""
    if bound < 1 << 24:
        return np.float32
    if bound < 1 << 53:
        return np.float64
    raise ValueError(f"sums up to {bound} are not exact in float64")
