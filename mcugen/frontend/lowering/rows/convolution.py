"""Convolutions of one and two dimensions: plain, grouped, depthwise, transposed."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import numpy.typing as npt
from torch.fx import Node

from mcugen.frontend.advice import instead
from mcugen.frontend.lowering.arguments import bind, ints, shape_of
from mcugen.frontend.lowering.bias import add_weights_and_bias
from mcugen.frontend.lowering.context import Lowering
from mcugen.frontend.lowering.layout import from_nhwc, nhwc_shape, to_nhwc
from mcugen.frontend.lowering.row import Role, Row
from mcugen.graph.ops import Conv2d, DepthwiseConv2d, TransposedConv2d
from mcugen.graph.tensor import Quantization


@dataclass(frozen=True)
class _Geometry:
    stride: tuple[int, int]
    padding: tuple[int, int, int, int]
    dilation: tuple[int, int]
    groups: int


def _padding(value: Any, kernel: tuple[int, ...], dilation: tuple[int, ...]) -> list[tuple[int, int]]:
    """(before, after) for each spatial axis; 'same' puts the odd one after, as PyTorch does."""
    if value == "valid":
        return [(0, 0)] * len(kernel)
    if value == "same":
        totals = [d * (k - 1) for k, d in zip(kernel, dilation, strict=True)]
        return [(t // 2, t - t // 2) for t in totals]
    return [(p, p) for p in ints(value, len(kernel))]


def _geometry(bound: dict[str, Any], kernel: tuple[int, ...]) -> _Geometry:
    """A convolution's arguments; one dimension is the horizontal one, with height 1."""
    spatial = len(kernel)
    stride, dilation = ints(bound["stride"], spatial), ints(bound["dilation"], spatial)
    pads = _padding(bound["padding"], kernel, dilation)
    if spatial == 1:
        stride, dilation, pads = (1, *stride), (1, *dilation), [(0, 0), *pads]
    (top, bottom), (left, right) = pads
    return _Geometry((stride[0], stride[1]), (top, left, bottom, right), (dilation[0], dilation[1]), bound["groups"])


def _spatial_kernel(values: npt.NDArray[np.int8]) -> npt.NDArray[np.int8]:
    """(O, I, KW) or (O, I, KH, KW) as the latter."""
    return values[:, :, None, :] if values.ndim == 3 else values


def _require_planes(ctx: Lowering, node: Node) -> None:
    """The decomposed form is one operator for any number of dimensions."""
    bound = bind(node)
    spatial = len(shape_of(bound["weight"])) - 2
    if spatial > 2:
        spelled = "aten.conv_transpose3d" if bound.get("transposed") else "aten.conv3d"
        raise ctx.unsupported(node, f"it has no integer form in {spatial} dimensions", instead(spelled))


def convolution(ctx: Lowering, node: Node, out: Quantization) -> str:
    _require_planes(ctx, node)
    bound = bind(node)
    if bound.get("transposed"):
        return transposed_convolution(ctx, node, out)
    source, spatial = bound["input"], len(shape_of(bound["weight"])) - 2
    weights = ctx.weights(bound["weight"], node)
    geometry = _geometry(bound, weights.values.shape[2:])
    x = to_nhwc(ctx, node, ctx.operand(source, node), spatial)
    kernel = _spatial_kernel(weights.values)
    channels = ctx.tensors[x].shape[3]
    depthwise = geometry.groups == channels and channels > 1
    if depthwise:
        packed, axis = kernel[:, 0].transpose(1, 2, 0)[None], 3
    else:
        packed, axis = kernel.transpose(0, 2, 3, 1), 0
    # TensorFlow Lite Micro sums depthwise and transposed convolutions of int16 in 64 bits, whatever their bias's type.
    constants = add_weights_and_bias(
        ctx, node, x, packed, weights.scales, axis, bound["bias"], out, bits=weights.bits, wide=depthwise
    )
    result = ctx.emit(
        DepthwiseConv2d if depthwise else Conv2d,
        node,
        (x, *constants),
        nhwc_shape(shape_of(node), spatial),
        out,
        stride=geometry.stride,
        padding=geometry.padding,
        dilation=geometry.dilation,
    )
    return from_nhwc(ctx, node, result, spatial)


def _transposed_channel_axis(node: Node) -> int:
    """Weights of transposed convolutions are (I, O / groups, ...): groups share their scales, but for one channel in
    and out of each group, where the first axis tells the channels apart."""
    bound = bind(node)
    if not bound.get("transposed", True):
        return 0
    shape = shape_of(bound["weight"])
    return 0 if bound["groups"] == shape[0] and shape[1] == 1 else 1


def transposed_convolution(ctx: Lowering, node: Node, out: Quantization) -> str:
    bound = bind(node)
    spatial, groups = len(shape_of(bound["weight"])) - 2, bound["groups"]
    over = _transposed_channel_axis(node)
    weights = ctx.weights(bound["weight"], node, channel_axis=over)
    # (channels of a group, I, KH, KW) to (O, KH, KW, I / groups).
    kernel = _spatial_kernel(weights.values if over == 1 else weights.values.swapaxes(0, 1))
    per_group, inputs, *size = kernel.shape
    parts = kernel.reshape(per_group, groups, inputs // groups, *size).transpose(1, 0, 3, 4, 2)
    packed = np.ascontiguousarray(parts.reshape(groups * per_group, *size, inputs // groups))
    scales = np.tile(weights.scales, groups) if over == 1 and len(weights.scales) > 1 else weights.scales
    x = to_nhwc(ctx, node, ctx.operand(bound["input"], node), spatial)
    stride, padding, dilation = (ints(bound[name], spatial) for name in ("stride", "padding", "dilation"))
    if spatial == 1:
        stride, padding, dilation = (1, *stride), (0, *padding), (1, *dilation)
    constants = add_weights_and_bias(ctx, node, x, packed, scales, 0, bound["bias"], out, bits=weights.bits, wide=True)
    result = ctx.emit(
        TransposedConv2d,
        node,
        (x, *constants),
        nhwc_shape(shape_of(node), spatial),
        out,
        stride=stride,
        padding=padding,
        dilation=dilation,
    )
    return from_nhwc(ctx, node, result, spatial)


_CONVOLUTION = Row(convolution, Role.COMPUTE, ("input",), weight="weight")
_ANY_CONVOLUTION = replace(_CONVOLUTION, channel_axis=_transposed_channel_axis)
_TRANSPOSED = replace(_ANY_CONVOLUTION, build=transposed_convolution)

ROWS: dict[str, Row[Lowering]] = {
    "aten.conv1d.default": _CONVOLUTION,
    "aten.conv1d.padding": _CONVOLUTION,
    "aten.conv2d.default": _CONVOLUTION,
    "aten.conv2d.padding": _CONVOLUTION,
    "aten.convolution.default": _ANY_CONVOLUTION,
    "aten.conv_transpose1d.default": _TRANSPOSED,
    "aten.conv_transpose2d.input": _TRANSPOSED,
}
