"""Normalizations in the spellings that programs have after decomposition, as the operator that they are.

* `native_layer_norm`, `native_group_norm`, `_fused_rms_norm`, of which only the first result is used.
* Instance normalization as the batch norm of one image with a channel for each channel of each image.
* RMS normalization as `x * rsqrt(mean(x**2) + eps)`, with or without weights.
* `functional.normalize`: `x / norm(x).clamp_min(eps)`.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch
from torch.fx import GraphModule, Node

from mcugen.frontend.lowering.arguments import axes, bind, shape_of, target_name
from mcugen.frontend.rewrites.rewriting import call

aten = torch.ops.aten


def _compute(self: torch.Tensor, dim: int, eps: float) -> torch.Tensor:
    """self / max(length along dim, eps)"""
    return torch.nn.functional.normalize(self, dim=dim, eps=eps)


def _define() -> Any:
    """Makes it an operator that programs can hold."""
    torch.library.define("mcugen::l2_normalize", "(Tensor self, int dim, float eps) -> Tensor")
    torch.library.impl("mcugen::l2_normalize", "CompositeExplicitAutograd", _compute)
    return torch.ops.mcugen.l2_normalize.default


l2_normalize = _define()


def rewrite_normalizations(module: GraphModule) -> None:
    """Changes the module in place. What does not fit a spelling stays as it is."""
    for node in list(module.graph.nodes):
        rewrite = _SPELLINGS.get(target_name(node)) if node.op == "call_function" and node.users else None
        if rewrite is None:
            continue
        replaced = _first_result(node) if node.target in _TUPLES else node
        new = rewrite(node) if replaced is not None else None
        if new is not None and replaced is not None:
            replaced.replace_all_uses_with(new)
    module.graph.eliminate_dead_code()
    module.recompile()


def _first_result(node: Node) -> Node | None:
    """`getitem` 0, if no other result is used."""
    used = [user for user in node.users if user.users]
    return used[0] if len(used) == 1 and target_name(used[0]) == "getitem" and used[0].args[1] == 0 else None


def _layer_norm(node: Node) -> Node:
    b = bind(node)
    return call(node, aten.layer_norm.default, b["input"], b["normalized_shape"], b["weight"], b["bias"], b["eps"])


def _fused_rms_norm(node: Node) -> Node:
    b = bind(node)
    return call(node, aten.rms_norm.default, b["input"], b["normalized_shape"], b["weight"], b["eps"])


def _group_norm(node: Node) -> Node:
    b = bind(node)
    return call(node, aten.group_norm.default, b["input"], b["group"], b["weight"], b["bias"], b["eps"], False)


def _instance_norm(node: Node) -> Node | None:
    b = bind(node)
    if shape_of(node)[0] != 1 or not b["training"]:
        return None
    return call(
        node, aten.instance_norm.default, b["input"], b["weight"], b["bias"], None, None, True, 0.1, b["eps"], False
    )


def _source(node: Any, *names: str) -> Node | None:
    """The node if it is a call of one of the operators."""
    return node if isinstance(node, Node) and node.op == "call_function" and target_name(node) in names else None


_PRODUCT = "aten.mul.Tensor"


def _rms_norm(node: Node) -> Node | None:
    """x * rsqrt(mean(x**2) + eps)"""
    b = bind(node)
    for x, other in ((b["self"], b["other"]), (b["other"], b["self"])):
        root = _source(other, "aten.rsqrt.default")
        total = _source(root.args[0], "aten.add.Tensor", "aten.add.Scalar") if root is not None else None
        mean = _source(total.args[0], "aten.mean.dim") if total is not None else None
        square = _source(mean.args[0], "aten.pow.Tensor_Scalar", _PRODUCT) if mean is not None else None
        if not isinstance(x, Node) or total is None or mean is None or square is None:
            continue
        eps, shape = bind(total)["other"], shape_of(node)
        over = axes(bind(mean)["dim"], len(shape))
        squared = list(square.args) in ([x, 2], [x, 2.0], [x, x])
        last = over == tuple(range(len(shape) - len(over), len(shape)))
        if squared and last and isinstance(eps, int | float) and shape_of(x) == shape:
            return call(node, aten.rms_norm.default, x, list(shape[over[0] :]), None, float(eps))
    return None


def _rms_weights(node: Node) -> Node | None:
    """rms_norm(x) * weights"""
    b = bind(node)
    for norm, weight in ((b["self"], b["other"]), (b["other"], b["self"])):
        if _source(norm, "aten.rms_norm.default") is None or not isinstance(weight, Node) or weight.op != "get_attr":
            continue
        given = bind(norm)
        if given["weight"] is None and shape_of(weight) == tuple(given["normalized_shape"]):
            return call(node, aten.rms_norm.default, given["input"], given["normalized_shape"], weight, given["eps"])
    return None


def _l2_normalize(node: Node) -> Node | None:
    """x / norm(x).clamp_min(eps)"""
    b = bind(node)
    x, length = b["self"], b["other"]
    expanded = _source(length, "aten.expand_as.default", "aten.expand.default")
    length = expanded.args[0] if expanded is not None else length
    clamped = _source(length, "aten.clamp_min.default", "aten.clamp.default")
    eps = 0.0
    if clamped is not None:
        eps, length = float(clamped.args[1]), clamped.args[0]  # type: ignore[arg-type]
    norm = _source(length, "aten.linalg_vector_norm.default")
    if norm is None or norm.args[0] is not x or bind(norm)["ord"] != 2 or not bind(norm)["keepdim"]:
        return None
    over = bind(norm)["dim"]
    return call(node, l2_normalize, x, over[0], eps) if over is not None and len(over) == 1 else None


_SPELLINGS: dict[str, Callable[[Node], Node | None]] = {
    "aten.native_layer_norm.default": _layer_norm,
    "aten.native_group_norm.default": _group_norm,
    "aten._fused_rms_norm.default": _fused_rms_norm,
    "aten._native_batch_norm_legit.no_stats": _instance_norm,
    "aten.mul.Tensor": lambda node: _rms_norm(node) or _rms_weights(node),
    "aten.div.Tensor": _l2_normalize,
}
_TUPLES = {
    aten.native_layer_norm.default,
    aten.native_group_norm.default,
    aten._fused_rms_norm.default,
    aten._native_batch_norm_legit.no_stats,
}
