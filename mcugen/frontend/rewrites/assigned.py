"""Assignments to elements, `x[mask] = value` and `x[:, [0, 2]] = y`, as choices among values that are there.

A mask becomes `where`; constant places become one `take` from the tensor and the values behind it.
"""

from __future__ import annotations

import math
from typing import Any

import torch
from torch.fx import GraphModule, Node

from mcugen.frontend.lowering.arguments import bind, dtype_of, shape_of, target_name
from mcugen.frontend.lowering.context import Lowering
from mcugen.frontend.rewrites.rewriting import call, constant

aten = torch.ops.aten


def rewrite_assignments(module: GraphModule, constants: Lowering) -> None:
    """Changes the module in place. Sums, and places that the model computes, stay as they are."""
    changed = False
    for node in list(module.graph.nodes):
        if target_name(node) != "aten.index_put.default" or bind(node)["accumulate"]:
            continue
        chosen = _where(node, constants) or _taken(module, node, constants)
        if chosen is not None:
            node.replace_all_uses_with(chosen)
            changed = True
    if changed:
        module.graph.eliminate_dead_code()
        module.recompile()


def _where(node: Node, constants: Lowering) -> Node | None:
    """For a mask of the first axes that the model computes, and a value that is the same wherever the mask is true."""
    bound = bind(node)
    whole, values, indices = bound["self"], bound["values"], bound["indices"]
    mask = indices[0] if len(indices) == 1 else None
    if not isinstance(mask, Node) or dtype_of(mask) != torch.bool or constants.constant_value(mask) is not None:
        return None
    rest = shape_of(whole)[len(shape_of(mask)) :]
    if math.prod(shape_of(values)) != 1 and (shape_of(values) != rest or not rest):
        return None
    if rest:
        mask = call(node, aten.reshape.default, mask, [*shape_of(mask), *(1 for _ in rest)])
    if math.prod(shape_of(values)) == 1:
        values = call(node, aten.reshape.default, values, [])
    return call(node, aten.where.self, mask, values, whole)


def _taken(module: GraphModule, node: Node, constants: Lowering) -> Node | None:
    bound = bind(node)
    whole, values = bound["self"], bound["values"]
    indices = [None if index is None else constants.constant_value(index) for index in bound["indices"]]
    if any(given is not None and found is None for given, found in zip(bound["indices"], indices, strict=True)):
        return None
    size, count = math.prod(shape_of(whole)), math.prod(shape_of(values))
    places = torch.arange(size).reshape(shape_of(whole))
    target: Any = aten.index_put.default
    places = target(places, indices, torch.arange(size, size + count).reshape(shape_of(values)))
    both = [call(node, aten.reshape.default, part, [-1]) for part in (whole, values)]
    joined = call(node, aten.cat.default, both, 0)
    return call(node, aten.take.default, joined, constant(module, node, "places", places))
