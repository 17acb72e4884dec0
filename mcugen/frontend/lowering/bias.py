"""Constants of weighted operators: int8 weights with their scales, and the bias in units of input x weight scale."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt
from torch.fx import Node

from mcugen.frontend.lowering.context import Lowering
from mcugen.graph.tensor import Quantization

# The bias shares the 32-bit accumulator with the sum of products; this leaves it half.
_BIAS_LIMIT = 2.0**30


def _coarser_where_needed(
    values: npt.NDArray[np.int8],
    scales: npt.NDArray[np.float64],
    axis: int,
    bias: npt.NDArray[np.float64],
    input_scale: float,
) -> tuple[npt.NDArray[np.int8], npt.NDArray[np.float64]]:
    """Channels whose weights are so small against their bias that it would overflow get a coarser weight scale.

    Their weights matter less than 2**-30 of the bias each, so nothing visible is lost. All-zero channels, which
    observers give a scale near 1e-7, are the usual case, and exact.
    """
    needed = np.abs(bias) / (_BIAS_LIMIT * input_scale)
    if not (needed > scales).any():
        return values, scales
    per_channel = np.broadcast_to(scales, bias.shape)
    coarse = np.maximum(per_channel, needed)
    # Rounded up to float32, the precision in which the graph keeps scales.
    coarse = np.where(coarse > per_channel, np.nextafter(coarse.astype(np.float32), np.float32(np.inf)), per_channel)
    factor = (per_channel / coarse).reshape([-1 if i == axis else 1 for i in range(values.ndim)])
    return np.rint(values * factor).astype(np.int8), coarse.astype(np.float64)


def add_weights_and_bias(
    ctx: Lowering,
    node: Node,
    x: str,
    values: npt.NDArray[np.int8],
    scales: npt.NDArray[np.float64],
    axis: int,
    bias: Any,
    out: Quantization,
) -> tuple[str, ...]:
    """Adds the constants of one operator to the graph and returns their names: weights, and bias if there is one.

    Args:
        x: the input activation.
        values: packed weights with the output channels on `axis`.
        scales: one, or one per output channel.
        bias: the node's bias argument: a float constant, or a dequantized one; None for none.
        out: the output's quantization.
    """
    input_scale = ctx.tensors[x].scale
    real = None
    if bias is not None:
        constant = ctx.constant_value(bias)
        if constant is None:
            raise ctx.unsupported(node, "its bias is computed at run time", "use a constant bias")
        real = constant.double().numpy().reshape(-1)
        if not np.isfinite(real).all():
            raise ctx.unsupported(node, "its bias is not finite", "train or load the model's weights again")
        values, scales = _coarser_where_needed(values, scales, axis, real, input_scale)
    quantization = _symmetric(scales, axis)
    names = [ctx.constant(f"{node.name}_weights", values, quantization)]
    if real is not None:
        products = np.float64(input_scale) * np.asarray(quantization.scales)
        integers = np.rint(real / products).astype(np.int32)
        names.append(ctx.constant(f"{node.name}_bias", integers, _symmetric(products, 0)))
    return tuple(names)


def _symmetric(scales: npt.NDArray[np.float64], axis: int) -> Quantization:
    if scales.size == 1:
        return Quantization.per_tensor(float(scales.reshape(-1)[0]), 0)
    return Quantization.per_channel(scales, axis)
