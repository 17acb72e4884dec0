"""What convolution, depthwise convolution and fully connected share: multipliers and the way out of the accumulator."""

from __future__ import annotations

import functools
from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from mcugen.graph.arithmetic import (
    multiply_by_quantized_multiplier,
    multiply_by_reduced_multiplier,
    quantize_saturating_multiplier,
)
from mcugen.graph.tensor import DTYPES, IntArray, Tensor

Int32Array = npt.NDArray[np.int32]


def quantize_multipliers(reals: Sequence[float], bits: int = 8) -> tuple[Int32Array, Int32Array]:
    """(multipliers, shifts) of many real multipliers, both int32; see `quantize_saturating_multiplier`."""
    pairs = [quantize_saturating_multiplier(r, bits) for r in reals]
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
    return _requantization(x.scale, scales, out.scale, out.bits)


@functools.lru_cache(maxsize=1024)
def _requantization(
    scale: float, weight_scales: tuple[float, ...], out_scale: float, bits: int
) -> tuple[Int32Array, Int32Array]:
    """As `channel_requantization`; the reference asks for the same once for each sample."""
    found = quantize_multipliers([scale * s / out_scale for s in weight_scales], bits)
    for array in found:
        array.flags.writeable = False
    return found


BIASES = {"int8": ("int32",), "int16": ("int32", "int64")}
"""The types that a bias may have, by the activations' type."""


def accumulates_64_bits(tensors: Sequence[Tensor]) -> bool:
    """Whether a weighted operator has 64-bit accumulators: int16 activations with an int64 bias, or without one.

    TFLM's rule for CONV_2D and FULLY_CONNECTED; its DEPTHWISE_CONV_2D knows the 64-bit form only.

    Args:
        tensors: input, weights and, if there is one, bias.
    """
    return tensors[0].dtype == "int16" and (len(tensors) < 3 or tensors[2].dtype == "int64")


def finish_accumulator(
    accumulator: npt.NDArray[np.int64],
    requantization: tuple[Int32Array, Int32Array],
    tensors: Sequence[Tensor],
    out: Tensor,
    clamp: tuple[int, int],
) -> IntArray:
    """Requantizes accumulators whose last axis is the channel, adds the zero point and clamps.

    Args:
        tensors: the operator's inputs; see `accumulates_64_bits`.
    """
    multiply = multiply_by_reduced_multiplier if accumulates_64_bits(tensors) else multiply_by_quantized_multiplier
    scaled = multiply(accumulator, *requantization) + out.zero_point
    return np.clip(scaled, *clamp).astype(DTYPES[out.dtype])


def exact_float(bound: int) -> type[np.floating[Any]]:
    """The fastest float type whose sums of magnitude up to `bound` are exact, so that BLAS gives integer results."""
    if bound < 1 << 24:
        return np.float32
    if bound < 1 << 53:
        return np.float64
    raise ValueError(f"sums up to {bound} are not exact in float64")
