"""Arguments of fx nodes by the names in the operator's schema."""

from __future__ import annotations

import operator
from collections.abc import Sequence
from typing import Any

import torch
from torch.fx import Node

INTEGERS = {
    torch.int8: "int8",
    torch.int16: "int16",
    torch.int32: "int32",
    torch.int64: "int64",
    torch.bool: "bool",
}
"""Types of plain integers and booleans, and their names in the IR."""


def dtype_of(node: Node) -> torch.dtype | None:
    """The type of a node's tensor; None where it has none."""
    value = node.meta.get("val")
    return value.dtype if isinstance(value, torch.Tensor) else None


def target_name(node: Node) -> str:
    """The key of the lowering table: "aten.conv2d.default", "getitem" for tuple access."""
    if node.target is operator.getitem:
        return "getitem"
    return str(node.target)


def bind(node: Node) -> dict[str, Any]:
    """All arguments by schema name, defaults filled in; positional arguments only for non-aten targets."""
    target = node.target
    if not isinstance(target, torch._ops.OpOverload):
        return {"self": node.args[0], **{f"arg{i}": a for i, a in enumerate(node.args[1:], 1)}, **node.kwargs}
    bound: dict[str, Any] = {}
    for index, argument in enumerate(target._schema.arguments):
        if index < len(node.args):
            bound[argument.name] = node.args[index]
        elif argument.name in node.kwargs:
            bound[argument.name] = node.kwargs[argument.name]
        else:
            bound[argument.name] = argument.default_value if argument.has_default_value() else None
    return bound


def ints(value: Any, count: int) -> tuple[int, ...]:
    """An int or a list of ints as `count` ints; a single one is repeated."""
    values = [value] if isinstance(value, int) else [int(v) for v in value]
    return tuple(values * count if len(values) == 1 else values)


def pair(value: Any) -> tuple[int, int]:
    """(vertical, horizontal); a 1-D operator's single value becomes (neutral by the caller, value)."""
    first, second = ints(value, 2)
    return first, second


def axis(value: int, rank: int) -> int:
    """A possibly negative axis as one in [0, rank)."""
    return value + rank if value < 0 else value


def axes(values: Sequence[int] | int | None, rank: int) -> tuple[int, ...]:
    """Axes in ascending order; None or an empty list means all."""
    if values is None or (not isinstance(values, int) and not values):
        return tuple(range(rank))
    listed = [values] if isinstance(values, int) else values
    return tuple(sorted(axis(v, rank) for v in listed))


def shape_of(node: Node) -> tuple[int, ...]:
    """The static shape of a node's (first) tensor."""
    value = node.meta.get("val")
    if isinstance(value, list | tuple):
        value = value[0]
    if value is None:
        raise ValueError(f"node {node.name} has no shape")
    return tuple(int(n) for n in value.shape)
