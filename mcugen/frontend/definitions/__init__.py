"""Operators that others express, by their definition: written once, in operators that have an integer form.

A definition is a function of the operator's arguments. It is traced with zeros of the operands' shapes, and what it
calls takes the operator's place. Many operators need no text of ours, since PyTorch itself composes them of others
(`COMPOSED`).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

import torch
from torch import Tensor
from torch.fx import GraphModule, Node
from torch.fx.experimental.proxy_tensor import make_fx

from mcugen.frontend.definitions import integers, placement, pointwise, products, reductions
from mcugen.frontend.definitions.conditions import Definitions
from mcugen.frontend.lowering.arguments import bind, dtype_of, shape_of, target_name
from mcugen.frontend.rewrites.rewriting import inline

COMPOSED = (
    *("absolute", "clip", "divide", "fix", "greater", "greater_equal", "less", "less_equal", "multiply", "negative"),
    *("not_equal", "special_expit", "special_log_softmax", "special_logsumexp", "special_ndtr", "special_softmax"),
    *("subtract", "true_divide"),
    *(
        "chain_matmul",
        "ger",
        "inner",
        "kron",
        "linalg_matmul",
        "linalg_multi_dot",
        "linalg_vecdot",
        "outer",
        "tensordot",
    ),
    *("cumulative_trapezoid", "diff", "linalg_matrix_norm", "linalg_norm", "pairwise_distance", "trapezoid"),
    *("atleast_1d", "atleast_2d", "atleast_3d", "broadcast_tensors", "cartesian_prod", "column_stack", "concatenate"),
    *("dsplit", "dstack", "hsplit", "hstack", "mH", "matrix_H", "meshgrid", "vsplit", "vstack"),
)
"""Composed of others by PyTorch itself, in any overload."""

FAMILIES = (integers, placement, pointwise, products, reductions)


def _collect() -> Definitions:
    found: Definitions = {}
    for family in FAMILIES:
        assert not found.keys() & family.DEFINITIONS.keys()
        found |= family.DEFINITIONS
    return found


DEFINITIONS: Definitions = _collect()


def define(module: GraphModule, node: Node) -> Any:
    """Puts what the operator is made of before it; gives its result, or its results. None: it has no definition."""
    function = _definition_of(node)
    operands = list(node.all_input_nodes)
    if function is None or any("val" not in operand.meta for operand in operands):
        return None

    def compute(*given: Tensor) -> Any:
        values = dict(zip(operands, given, strict=True))
        return function(**torch.fx.node.map_arg(bind(node), values.__getitem__))

    traced = make_fx(compute)(*(torch.zeros(shape_of(n), dtype=dtype_of(n)) for n in operands))
    return inline(module, traced, node, operands)


def _definition_of(node: Node) -> Callable[..., Any] | None:
    """As a function of the operator's arguments by name; None where it has none."""
    name = target_name(node)
    packet = name.removeprefix("aten.").partition(".")[0] if name.startswith("aten.") else ""
    if packet in COMPOSED:
        target: Any = node.target
        return lambda **arguments: target(**arguments)
    definition = DEFINITIONS.get(packet)
    if definition is None or not (definition.condition is None or definition.condition(node)):
        return None
    return definition.compute


def defined(packets: Iterable[str] = (*COMPOSED, *DEFINITIONS)) -> list[str]:
    """Names of the operators with a definition, overloads included."""
    found = {packet: getattr(torch.ops.aten, packet) for packet in packets}
    return [
        f"aten.{packet}.{overload}"
        for packet, forms in found.items()
        for overload in forms.overloads()
        if not any(argument.is_out for argument in getattr(forms, overload)._schema.arguments)
    ]
