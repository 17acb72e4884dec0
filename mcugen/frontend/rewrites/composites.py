"""Operators that are best expressed by simpler ones, rewritten before anything else is done with a program.

* `einsum`: the permutations, reshapes and products that PyTorch itself makes of it; what has a definition
  (`definitions.py`).
* The guard that a decomposed attention has around its softmax.
* `scaled_dot_product_attention`: a product, a masked softmax with the scale as its factor, a product.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import torch
from torch.fx import GraphModule, Node
from torch.fx.experimental.proxy_tensor import make_fx

from mcugen.frontend.definitions import define
from mcugen.frontend.lowering.arguments import bind, dtype_of, shape_of, target_name
from mcugen.frontend.rewrites.copies import collapse_copies
from mcugen.frontend.rewrites.masked_softmax import SOFTMAXES, masked_softmax
from mcugen.frontend.rewrites.rewriting import call, constant, inline

aten = torch.ops.aten


def expand_composites(module: GraphModule) -> None:
    """Changes the module in place."""
    collapse_copies(module)
    changed = False
    todo = list(module.graph.nodes)[::-1]
    while todo:
        node = todo.pop()
        before = node.prev
        if node.op != "call_function" or "val" not in node.meta or (result := _expanded(module, node)) is None:
            continue
        changed = True
        # What it is made of may be composed, too.
        made = before.next
        while made is not node:
            todo.append(made)
            made = made.next
        _replace(module, node, result)
    if changed:
        module.graph.eliminate_dead_code()
        module.recompile()


def _expanded(module: GraphModule, node: Node) -> Any:
    """The result, or results, of what takes the node's place; None where nothing does."""
    name = target_name(node)
    expand = _unguarded if name == "aten.where.self" else EXPANSIONS.get(name)
    return define(module, node) if expand is None else expand(module, node)


def _replace(module: GraphModule, node: Node, result: Any) -> None:
    if isinstance(result, Node):
        node.replace_all_uses_with(result)
    for user in list(node.users):
        assert target_name(user) == "getitem", user
        user.replace_all_uses_with(result[user.args[1]])
        module.graph.erase_node(user)
    module.graph.erase_node(node)


def _einsum(module: GraphModule, node: Node) -> Node | None:
    bound = bind(node)
    operands = bound["tensors"]
    if not all(isinstance(n, Node) for n in operands):
        return None

    def compute(*tensors: torch.Tensor) -> torch.Tensor:
        return torch.einsum(bound["equation"], *tensors)

    traced = make_fx(compute)(*(torch.zeros(shape_of(n), dtype=dtype_of(n)) for n in operands))
    result: Node = inline(module, traced, node, operands)
    return result


def _attention(module: GraphModule, node: Node) -> Node | None:
    """PyTorch's documented definition, without dropout."""
    bound = bind(node)
    query, key, value, mask = (bound[name] for name in ("query", "key", "value", "attn_mask"))
    if bound["dropout_p"]:
        return None
    scale = bound["scale"] if bound["scale"] is not None else 1 / math.sqrt(shape_of(query)[-1])
    wanted = shape_of(node)
    if bound["enable_gqa"]:
        query, key, value, mask = _grouped(node, query, key, value, mask)
    keys = call(node, aten.transpose.int, key, -2, -1)
    scores = call(node, aten.matmul.default, query, keys)
    if bound["is_causal"]:
        mask = constant(module, node, "causal", torch.ones(shape_of(scores)[-2:], dtype=torch.bool).tril())
    if mask is not None and dtype_of(mask) is not torch.bool:
        # As the definition has it; what the mask excludes is found as in any other program.
        scores = call(node, aten.mul.Tensor, scores, scale)
        scores = call(node, aten.add.Tensor, scores, mask)
        shares = call(node, aten.softmax.int, scores, -1)
    else:
        shares = call(node, masked_softmax, scores, mask, -1, scale, True)
    result = call(node, aten.matmul.default, shares, value)
    return result if shape_of(result) == wanted else call(node, aten.reshape.default, result, list(wanted))


def _grouped(node: Node, query: Node, key: Node, value: Node, mask: Any) -> tuple[Node, Node, Node, Any]:
    """Several query heads for each head of keys and values, as one more axis."""
    shape, heads = shape_of(query), shape_of(key)[-3]
    groups = shape[-3] // heads
    query = call(node, aten.view.default, query, [*shape[:-3], heads, groups, *shape[-2:]])
    key, value = (call(node, aten.unsqueeze.default, x, -3) for x in (key, value))
    if mask is not None and len(shape_of(mask)) > 2:
        given = shape_of(mask)
        split = [heads, groups] if given[-3] > 1 else [1, 1]
        mask = call(node, aten.view.default, mask, [*given[:-3], *split, *given[-2:]])
    return query, key, value, mask


def _unguarded(module: GraphModule, node: Node) -> Node | None:
    """The softmax in where(nothing takes part, 0, softmax), as attention is decomposed: its elements are 0 anyway."""
    bound = bind(node)
    condition, zeros, shares = bound["condition"], bound["self"], bound["other"]
    if not all(isinstance(n, Node) for n in (condition, zeros, shares)) or target_name(shares) not in SOFTMAXES:
        return None
    comparison = condition
    for name in ("aten.logical_not.default", "aten.any.dim", "aten.logical_not.default", "aten.eq.Scalar"):
        if target_name(condition) != name:
            return None
        comparison, condition = condition, condition.all_input_nodes[0]
    same = condition is shares.all_input_nodes[0] and comparison.args[1] == -torch.inf
    filled = target_name(zeros) == "aten.full_like.default" and zeros.args[1] == 0
    return shares if same and filled else None


EXPANSIONS: dict[str, Callable[[GraphModule, Node], Node | None]] = {
    "aten.einsum.default": _einsum,
    "aten.scaled_dot_product_attention.default": _attention,
}
