"""Constants of weighted operators: int8 or int4 weights with their scales, and the bias in units of input x weight
scale."""

from __future__ import annotations

import logging
from typing import Any

import numpy as np
import numpy.typing as npt
from torch.fx import Node

from mcugen.frontend.lowering.channels import ChannelOverflowError, Channels, Float64Array, fit_channels
from mcugen.frontend.lowering.context import Lowering
from mcugen.frontend.provenance import origin
from mcugen.graph.tensor import Quantization

log = logging.getLogger(__name__)


def add_weights_and_bias(
    ctx: Lowering,
    node: Node,
    x: str,
    values: npt.NDArray[np.int8],
    scales: npt.NDArray[np.float64],
    axis: int,
    bias: Any,
    out: Quantization,
    *,
    bits: int = 8,
    wide: bool = False,
) -> tuple[str, ...]:
    """Adds the constants of one operator to the graph and returns their names: weights, and bias if there is one.

    Args:
        x: the input activation.
        values: packed weights with the output channels on `axis`.
        scales: one, or one per output channel.
        bias: the node's bias argument: a float constant, or a dequantized one; None for none.
        out: the output's quantization.
        bits: of the weights, 8 or 4.
        wide: of int16, see `fit_channels`.
    """
    x_quantization = ctx.tensors[x].quantization
    assert x_quantization is not None
    channels = values.shape[axis]
    real = None if bias is None else _real_bias(ctx, node, bias)
    rows = np.moveaxis(values, axis, 0)
    fitted = _fitted(
        ctx,
        node,
        rows.reshape(channels, -1),
        _channel_scales(ctx, node, scales, channels),
        np.zeros(channels) if real is None else real,
        (x_quantization, out),
        bits,
        wide=wide,
    )
    packed = np.moveaxis(fitted.rows.reshape(rows.shape), 0, axis)
    one_scale = scales.size == 1 and bool((fitted.scales == fitted.scales[0]).all())
    kept = fitted.scales[:1] if one_scale else fitted.scales
    names = [ctx.constant(f"{node.name}_weights", packed, _symmetric(kept, axis), f"int{bits}")]
    # The bias of int16 says how wide the accumulators are, also where it is zero.
    if real is not None or fitted.bias.any() or x_quantization.bits == 16:
        # Their scale only says what they mean; it must not vanish in float32.
        products = np.maximum(np.float64(x_quantization.scale) * kept, np.finfo(np.float32).tiny)
        names.append(ctx.constant(f"{node.name}_bias", fitted.bias, _symmetric(products, 0)))
    return tuple(names)


def _real_bias(ctx: Lowering, node: Node, bias: Any) -> Float64Array:
    constant = ctx.constant_value(bias)
    if constant is None:
        raise ctx.unsupported(node, "its bias is computed at run time", "use a constant bias")
    real = constant.double().numpy().reshape(-1)
    if not np.isfinite(real).all():
        raise ctx.unsupported(node, "its bias is not finite", "train or load the model's weights again")
    return real


def _channel_scales(ctx: Lowering, node: Node, scales: Float64Array, channels: int) -> Float64Array:
    """One scale for each channel, in the precision in which the graph keeps them."""
    each = np.broadcast_to(scales.astype(np.float32).astype(np.float64), (channels,))
    wrong = np.flatnonzero(~(np.isfinite(each) & (each > 0)))
    if len(wrong):
        raise ctx.unsupported(
            node,
            f"the weight scale of output channel {wrong[0]} is {each[wrong[0]]}, which is no positive number",
            "calibrate the model before it is converted",
        )
    return each


def _fitted(
    ctx: Lowering,
    node: Node,
    rows: npt.NDArray[np.int8],
    scales: Float64Array,
    bias: Float64Array,
    around: tuple[Quantization, Quantization],
    bits: int,
    *,
    wide: bool,
) -> Channels:
    """See `fit_channels`; `around` are the quantizations of input and output."""
    try:
        fitted = fit_channels(rows, scales, bias, *around, bits, wide=wide)
    except ChannelOverflowError as error:
        raise ctx.unsupported(
            node,
            f"output channel {error.channel} has no form in integers: {error}",
            "quantize its weights with a scale nearer to its bias, or its output with a scale nearer to its results",
        ) from error
    if fitted.worst is not None:
        channel, steps = fitted.worst
        log.warning(
            "%s: the output's scale is finer than the products of input and weights; the bias of channel %d is off by "
            "%.3g output steps",
            origin(node),
            channel,
            steps,
        )
    return fitted


def _symmetric(scales: npt.NDArray[np.float64], axis: int) -> Quantization:
    if scales.size == 1:
        return Quantization.per_tensor(float(scales.reshape(-1)[0]), 0)
    return Quantization.per_channel(scales, axis)
