"""Exact simplifications of a float program before it is quantized: batch norm into its neighbours, dropout away."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor
from torch.fx import GraphModule, Node

from mcugen.errors import InputError
from mcugen.frontend.lowering.arguments import bind, ints, shape_of, target_name
from mcugen.frontend.provenance import origin

BATCH_NORMS = {
    "aten.batch_norm.default",
    "aten._native_batch_norm_legit_no_training.default",
    "aten.native_batch_norm.default",
    "aten.cudnn_batch_norm.default",
}
_CONVOLUTIONS = {
    "aten.conv1d.default",
    "aten.conv1d.padding",
    "aten.conv2d.default",
    "aten.conv2d.padding",
    "aten.convolution.default",
}
_TRANSPOSED = {"aten.conv_transpose1d.default", "aten.conv_transpose2d.input"}
_LINEAR = {"aten.linear.default"}
DROPOUTS = {"aten.dropout.default", "aten.feature_dropout.default"}


@dataclass(frozen=True)
class ScaleShift:
    """A batch norm in evaluation mode: y = scale * x + shift, per channel (axis 1)."""

    scale: Tensor
    shift: Tensor


KeepApart = Callable[[Node, Node, ScaleShift], bool]
"""(batch norm, layer behind it, what the batch norm computes) -> whether the two shall stay two layers."""


def fold(module: GraphModule, keep_apart: KeepApart | None = None) -> GraphModule:
    """Folds batch norms and removes dropout, in place; returns the module.

    A batch norm goes into the convolution or linear layer before it; else into the one behind it, where that is exact
    (no padding, or no shift) and `keep_apart` has nothing against it; else it becomes a 1x1 depthwise convolution,
    whose per-channel scales represent it best.

    Raises:
        InputError: the program is in training mode.
    """
    for node in list(module.graph.nodes):
        name = target_name(node) if node.op == "call_function" else ""
        if name in DROPOUTS:
            _remove_dropout(node)
        elif name in BATCH_NORMS:
            _fold_batch_norm(module, node, keep_apart)
    module.graph.eliminate_dead_code()
    module.delete_all_unused_submodules()
    module.recompile()
    return module


def _remove_dropout(node: Node) -> None:
    if bind(node).get("train"):
        raise _training(node)
    node.replace_all_uses_with(node.all_input_nodes[0])
    node.graph.erase_node(node)


def _training(node: Node) -> InputError:
    return InputError(
        f"{target_name(node)} is in training mode",
        where=str(origin(node)),
        hint="call model.eval() before torch.export.export",
    )


def attribute(module: GraphModule, node: Any) -> Tensor | None:
    """The tensor of a get_attr node; None for anything else."""
    if not isinstance(node, Node) or node.op != "get_attr":
        return None
    found: Any = module
    for part in str(node.target).split("."):
        found = getattr(found, part)
    return found.detach() if isinstance(found, Tensor) else None


def scale_shift(module: GraphModule, node: Node) -> ScaleShift:
    """What a batch norm computes.

    Raises:
        InputError: it is in training mode or has no statistics.
    """
    bound = bind(node)
    if bound.get("training") or bound.get("train"):
        raise _training(node)
    mean = attribute(module, bound["running_mean"])
    variance = attribute(module, bound["running_var"])
    if mean is None or variance is None:
        raise InputError(
            f"{target_name(node)} has no running statistics",
            where=str(origin(node)),
            hint="use track_running_stats=True (the default) and train the model",
        )
    weight, bias = attribute(module, bound["weight"]), attribute(module, bound["bias"])
    # In double precision: the float32 weights get the one rounding that they would get from exact arithmetic.
    scale = (variance.double() + bound["eps"]).rsqrt()
    scale = scale if weight is None else scale * weight.double()
    shift = -mean.double() * scale
    return ScaleShift(scale, shift if bias is None else shift + bias.double())


def new_constant(module: GraphModule, node: Node, label: str, value: Tensor) -> Node:
    """A new float32 buffer with a get_attr node just before `node`."""
    name = f"_folded_{label}_{node.name}"
    while hasattr(module, name):
        name += "_"
    module.register_buffer(name, value.float().contiguous())
    with node.graph.inserting_before(node):
        constant = node.graph.get_attr(name)
    value_meta = getattr(module, name)
    constant.meta["val"] = value_meta
    return constant


def with_arguments(node: Node, **changes: Any) -> None:
    """Rebinds arguments of a node by schema name."""
    bound = bind(node) | changes
    node.args = tuple(bound.values())
    node.kwargs = {}


def _result(node: Node) -> Node:
    """The node that carries the batch norm's first result: itself, or its getitem 0."""
    items = [user for user in node.users if target_name(user) == "getitem" and user.args[1] == 0]
    return items[0] if items else node


def _fold_batch_norm(module: GraphModule, node: Node, keep_apart: KeepApart | None) -> None:
    affine, result = scale_shift(module, node), _result(node)
    source = bind(node)["input"]
    assert isinstance(source, Node)
    if _fold_backward(module, source, affine) or _fold_forward(module, node, result, affine, keep_apart):
        result.replace_all_uses_with(source)
    else:
        _as_depthwise(module, node, result, source, affine)
    for dead in (result, node):
        if not dead.users and dead in dead.graph.nodes:
            dead.graph.erase_node(dead)


def weighted(node: Node) -> str:
    """The operator's name if it is a convolution or linear layer that per-channel factors can go into; else ""."""
    name = target_name(node) if node.op == "call_function" else ""
    return name if name in _CONVOLUTIONS | _LINEAR and not bind(node).get("transposed") else ""


def is_transposed(node: Node) -> bool:
    """Whether it is a transposed convolution."""
    name = target_name(node) if node.op == "call_function" else ""
    return name in _TRANSPOSED or (name == "aten.convolution.default" and bool(bind(node)["transposed"]))


def _fold_backward(module: GraphModule, source: Node, affine: ScaleShift) -> bool:
    """conv/linear -> batch norm: exact whenever nobody else reads the convolution's result."""
    transposed = is_transposed(source)
    if not (weighted(source) or transposed) or len(source.users) != 1:
        return False
    bound = bind(source)
    weight = attribute(module, bound["weight"])
    bias = attribute(module, bound["bias"])
    if weight is None or (bias is None and bound["bias"] is not None):
        return False
    channels = weight.shape[1] * bound["groups"] if transposed else weight.shape[0]
    if channels != affine.scale.numel():
        return False
    if source.meta["val"].dim() != weight.dim():
        return False
    old = torch.zeros_like(affine.shift) if bias is None else bias.double()
    if transposed:
        scaled = _scale_transposed(weight.double(), affine.scale, bound["groups"])
    else:
        scaled = weight.double() * affine.scale.reshape(-1, *[1] * (weight.dim() - 1))
    with_arguments(
        source,
        weight=new_constant(module, source, "weight", scaled),
        bias=new_constant(module, source, "bias", old * affine.scale + affine.shift),
    )
    return True


def _scale_transposed(weight: Tensor, scale: Tensor, groups: int) -> Tensor:
    """The weight (I, O / groups, ...) of a transposed convolution, each output channel times its scale."""
    factors = scale.reshape(groups, 1, -1).expand(-1, weight.shape[0] // groups, -1)
    return weight * factors.reshape(weight.shape[0], -1, *[1] * (weight.dim() - 2))


def _fold_forward(
    module: GraphModule, node: Node, result: Node, affine: ScaleShift, keep_apart: KeepApart | None
) -> bool:
    """batch norm -> conv/linear: exact without padding, since padding inserts zeros behind the batch norm's shift."""
    if len(result.users) != 1:
        return False
    user = next(iter(result.users))
    if not can_scale_inputs(module, user, result, affine):
        return False
    if target_name(user) in _LINEAR and len(shape_of(result)) != 2:
        return False
    if keep_apart is not None and keep_apart(node, user, affine):
        return False
    scale_inputs(module, user, affine)
    return True


def can_scale_inputs(module: GraphModule, user: Node, source: Node, affine: ScaleShift) -> bool:
    """Whether `scale_inputs` would be exact: constant parameters, and no padding where there is a shift."""
    if not weighted(user):
        return False
    bound = bind(user)
    weight, bias = attribute(module, bound["weight"]), attribute(module, bound["bias"])
    if weight is None or bound["input"] is not source or (bias is None and bound["bias"] is not None):
        return False
    if affine.scale.numel() != weight.shape[1] * bound.get("groups", 1):
        return False
    padding = bound.get("padding", 0)
    padded = padding == "same" or (not isinstance(padding, str) and any(ints(padding, 1)))
    return not (padded and bool(affine.shift.abs().max() > 0))


def scaled_parameters(module: GraphModule, user: Node, affine: ScaleShift) -> tuple[Tensor, Tensor]:
    """Weights and bias, in double precision, with which a layer gives for x what it gave for scale * x + shift."""
    bound = bind(user)
    weight, bias = attribute(module, bound["weight"]), attribute(module, bound["bias"])
    assert weight is not None
    groups = bound.get("groups", 1)
    # Input channel c of group g has index g * (I / groups) + c.
    per_group = [t.double().reshape(groups, -1) for t in (affine.scale, affine.shift)]
    rows = weight.double().reshape(groups, weight.shape[0] // groups, weight.shape[1], -1)
    scaled = rows * per_group[0][:, None, :, None]
    extra = (rows * per_group[1][:, None, :, None]).sum(dim=(2, 3)).reshape(-1)
    old = torch.zeros_like(extra) if bias is None else bias.double()
    return scaled.reshape(weight.shape), old + extra


def scale_inputs(module: GraphModule, user: Node, affine: ScaleShift) -> None:
    """Changes a layer's parameters to `scaled_parameters`."""
    weight, bias = scaled_parameters(module, user, affine)
    changes = {"weight": new_constant(module, user, "weight", weight)}
    if bind(user)["bias"] is not None or bool(bias.abs().max() > 0):
        changes["bias"] = new_constant(module, user, "bias", bias)
    with_arguments(user, **changes)


def scale_outputs(module: GraphModule, layer: Node, factor: float | Tensor) -> None:
    """Multiplies the results of a layer by `factor`, one or one for each output channel, in its parameters."""
    bound = bind(layer)
    weight, bias = attribute(module, bound["weight"]), attribute(module, bound["bias"])
    assert weight is not None
    rows = torch.as_tensor(factor, dtype=torch.float64).expand(weight.shape[0])
    scaled = weight.double() * rows.reshape(-1, *[1] * (weight.dim() - 1))
    changes = {"weight": new_constant(module, layer, "weight", scaled)}
    if bias is not None:
        changes["bias"] = new_constant(module, layer, "bias", bias.double() * rows)
    with_arguments(layer, **changes)


def _as_depthwise(module: GraphModule, node: Node, result: Node, source: Node, affine: ScaleShift) -> None:
    """A batch norm that cannot be folded: (1, C, ...) through a 1x1 depthwise convolution."""
    shape = shape_of(source)
    channels = shape[1]
    weight = new_constant(module, node, "weight", affine.scale.reshape(-1, 1, 1, 1))
    bias = new_constant(module, node, "bias", affine.shift)
    aten = torch.ops.aten
    spatial = shape[2:]
    image = (shape[0], channels, spatial[0] if len(spatial) > 1 else 1, math.prod(spatial[-1:]))
    with node.graph.inserting_before(node):
        x = source if shape == image else _derived(node, aten.view.default, (source, list(image)), image)
        y = _derived(node, aten.conv2d.default, (x, weight, bias, [1, 1], [0, 0], [1, 1], channels), image)
        z = y if shape == image else _derived(node, aten.view.default, (y, list(shape)), shape)
    result.replace_all_uses_with(z)


def _derived(node: Node, target: Any, arguments: tuple[Any, ...], shape: tuple[int, ...]) -> Node:
    """A new call that inherits the metadata of the node it replaces."""
    new = node.graph.call_function(target, arguments)
    new.meta = {key: value for key, value in node.meta.items() if key != "val"}
    value = node.meta["val"]
    value = value[0] if isinstance(value, list | tuple) else value
    new.meta["val"] = value.new_empty(shape)
    return new
