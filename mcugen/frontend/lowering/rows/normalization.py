"""Normalization by the input's own statistics: layer, group, instance, RMS, and to length one."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np
import numpy.typing as npt
import torch
from torch.fx import Node

from mcugen.frontend.lowering.arguments import axis, bind, shape_of
from mcugen.frontend.lowering.context import Lowering
from mcugen.frontend.lowering.row import Role, Row
from mcugen.graph.ops import Normalize
from mcugen.graph.ops.normalization.normalize import MOST_WIDE_ELEMENTS, pack_affine
from mcugen.graph.tensor import Quantization

Float64Array = npt.NDArray[np.float64]

_LARGEST = 1 << 60


def _parameters(ctx: Lowering, node: Node, name: str, value: Any, otherwise: float) -> Float64Array:
    """A constant weight or bias, flat; `otherwise` where the layer has none."""
    if value is None:
        return np.array([otherwise])
    constant = ctx.constant_value(value)
    if constant is None:
        raise ctx.unsupported(node, f"its {name} is no constant", f"use a constant {name}")
    values = np.asarray(constant.double().numpy().reshape(-1))
    if not np.isfinite(values).all():
        held = f" {str(value.target)!r}" if isinstance(value, Node) and value.op == "get_attr" else ""
        wrong = values[~np.isfinite(values)][0]
        raise ctx.unsupported(node, f"its {name}{held} holds {wrong:g}", "check the weights in the archive")
    return values


def _normalize(
    ctx: Lowering,
    node: Node,
    x: str,
    out: Quantization,
    affine: tuple[Float64Array, Float64Array],
    *,
    epsilon: float = 0.0,
    least: float = 0.0,
    centered: bool = True,
) -> str:
    """Rows over the last axis of x.

    Args:
        affine: weights and biases, (P, Q) each, real; see `Normalize`.
        epsilon: added to the mean square of a row.
        least: the mean square of a row is not less.
    """
    given = ctx.tensors[x].quantization
    assert given is not None
    size = ctx.tensors[x].shape[-1]
    finest = math.sqrt(max(epsilon, least) / _LARGEST) * size
    if given.scale < finest:
        # All that its integers hold is next to nothing beside eps.
        given = Quantization.per_tensor(1.001 * finest, 0, given.bits)
        x = ctx.requantize(node, x, given)
    tensor = ctx.tensors[x]
    # What is added to, or bounds, size**2 times the mean square of the integers.
    steps = [round(number / given.scale**2 * size**2) for number in (epsilon, least)]
    weights, biases = np.broadcast_arrays(*affine)
    try:
        factors, offsets, shift = pack_affine(weights / out.scale, biases / out.scale + out.zero_point)
    except ValueError as error:
        raise ctx.unsupported(node, str(error), "check its weights, and the calibration data") from error
    inputs = (
        x,
        ctx.constant(f"{node.name}_factors", factors, None),
        ctx.constant(f"{node.name}_offsets", offsets, None),
    )
    attributes: dict[str, Any] = {"centered": centered, "epsilon": steps[0], "least": max(steps[1], 1), "shift": shift}
    return ctx.emit(Normalize, node, inputs, tensor.shape, out, "_rows", **attributes)


def _last_axes(ctx: Lowering, node: Node, out: Quantization, epsilon: float, centered: bool) -> str:
    """layer_norm and rms_norm: the last axes together, a weight for each element."""
    bound = bind(node)
    size = math.prod(bound["normalized_shape"])
    shape = shape_of(node)
    x = ctx.operand(bound["input"], node)
    rows = ctx.reshape(node, x, (math.prod(shape) // size, size), "_in_rows")
    affine = (
        _parameters(ctx, node, "weight", bound["weight"], 1.0)[None],
        _parameters(ctx, node, "bias", bound.get("bias"), 0.0)[None],
    )
    result = _normalize(ctx, node, rows, out, affine, epsilon=epsilon, centered=centered)
    return ctx.reshape(node, result, shape, "")


def layer_norm(ctx: Lowering, node: Node, out: Quantization) -> str:
    return _last_axes(ctx, node, out, bind(node)["eps"], centered=True)


def rms_norm(ctx: Lowering, node: Node, out: Quantization) -> str:
    """Without eps: that of the type, as PyTorch's."""
    eps = bind(node)["eps"]
    return _last_axes(ctx, node, out, torch.finfo(torch.float32).eps if eps is None else eps, centered=False)


def _groups(ctx: Lowering, node: Node, out: Quantization, groups: int) -> str:
    """(N, C, ...): C / groups channels together, a weight for each channel."""
    bound = bind(node)
    shape = shape_of(node)
    channels = shape[1]
    x = ctx.operand(bound["input"], node)
    rows = ctx.reshape(node, x, (shape[0] * groups, math.prod(shape[1:]) // groups), "_in_rows")
    affine = []
    for name, otherwise in (("weight", 1.0), ("bias", 0.0)):
        values = _parameters(ctx, node, name, bound[name], otherwise)
        affine.append(np.broadcast_to(values, (channels,)).reshape(groups, channels // groups))
    result = _normalize(ctx, node, rows, out, (affine[0], affine[1]), epsilon=bound["eps"])
    return ctx.reshape(node, result, shape, "")


def group_norm(ctx: Lowering, node: Node, out: Quantization) -> str:
    return _groups(ctx, node, out, bind(node)["num_groups"])


def instance_norm(ctx: Lowering, node: Node, out: Quantization) -> str:
    if not bind(node)["use_input_stats"]:
        raise ctx.unsupported(
            node, "it uses running statistics", "use track_running_stats=False, or batch norm, which is the same then"
        )
    return _groups(ctx, node, out, shape_of(node)[1])


def l2_normalize(ctx: Lowering, node: Node, out: Quantization) -> str:
    """x / max(length, eps): normalization by the root mean square, divided by the root of the size."""
    bound = bind(node)
    shape = shape_of(node)
    rank, size = len(shape), shape[bound["dim"]]
    over = axis(bound["dim"], rank)
    x = ctx.operand(bound["self"], node)
    last = (*(i for i in range(rank) if i != over), over)
    if over != rank - 1:
        x = ctx.transpose(node, x, last, "_last")
    affine = (np.array([[1 / math.sqrt(size)]]), np.array([[0.0]]))
    result = _normalize(ctx, node, x, out, affine, least=bound["eps"] ** 2 / size, centered=False)
    if over != rank - 1:
        result = ctx.transpose(node, result, tuple(sorted(range(rank), key=last.__getitem__)), "_back")
    return result


def _row(
    build: Callable[[Lowering, Node, Quantization], str], size: Callable[[Node], int], operand: str = "input"
) -> Row[Lowering]:
    """The row of a normalization.

    Args:
        size: elements that are normalized together.
    """
    return Row(build, Role.COMPUTE, (operand,), wide=lambda node: size(node) <= MOST_WIDE_ELEMENTS)


def _size_of_last_axes(node: Node) -> int:
    return math.prod(bind(node)["normalized_shape"])


def _size_of_groups(node: Node) -> int:
    return math.prod(shape_of(node)[1:]) // int(bind(node).get("num_groups", shape_of(node)[1]))


ROWS: dict[str, Row[Lowering]] = {
    "aten.layer_norm.default": _row(layer_norm, _size_of_last_axes),
    "aten.rms_norm.default": _row(rms_norm, _size_of_last_axes),
    "aten.group_norm.default": _row(group_norm, _size_of_groups),
    "aten.instance_norm.default": _row(instance_norm, _size_of_groups),
    "mcugen.l2_normalize.default": _row(l2_normalize, lambda node: shape_of(node)[bind(node)["dim"]], "self"),
}
