"""Numbers that no scale can cover: infinite ones, NaN, and magnitudes at the end of float32. Where they come from."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from operator import attrgetter
from typing import Any

import torch
from torch.fx import GraphModule, Node
from torch.utils._pytree import tree_leaves

from mcugen.errors import InputError
from mcugen.frontend.lowering.arguments import target_name
from mcugen.frontend.provenance import origin
from mcugen.frontend.ranges.observe import Samples, arguments, count, results

LARGEST = 1e38
"""Magnitude up to which a range, with room for unseen samples, and its scale are float32 numbers."""

HUGE = 1e32
"""A constant of such a size is to blame for what is too large."""


def finite_results(module: GraphModule, samples: Samples, kept: list[int]) -> list[list[torch.Tensor]]:
    """Runs all samples; results of those in `kept`.

    Raises:
        InputError: a result is not finite: names the constant or operator that it comes from.
    """
    found = {}
    for index in range(count(samples)):
        found[index] = results(module, samples, index)
        if not all(bool(torch.isfinite(result).all()) for result in found[index]):
            raise _not_finite(module, samples, index)
        if index not in kept:
            del found[index]
    return [found[index] for index in kept]


def require_coverable(observed: GraphModule) -> None:
    """Refuses ranges that no scale covers.

    Args:
        observed: a program with observers that have seen the calibration samples.

    Raises:
        InputError: names the first such value.
    """
    for node in observed.graph.nodes:
        if node.op != "call_module":
            continue
        observer = observed.get_submodule(str(node.target))
        ends = [getattr(observer, name, None) for name in ("min_val", "max_val")]
        reach = max((float(end.abs().max()) for end in ends if end is not None and end.numel()), default=0.0)
        if math.isfinite(reach) and reach <= LARGEST:
            continue
        source = node.all_input_nodes[0]
        raise InputError(
            f"{_title(source)}: its values reach {reach:g}, which no quantization scale covers"
            + _largest_constant(observed, source),
            where=str(origin(source)),
            hint="check the weights in the archive, and the scale of the calibration data",
        )


def _largest_constant(module: GraphModule, node: Node) -> str:
    """The constant operand that is to blame, when there is one."""
    sizes = {}
    for constant in map(_constant, node.all_input_nodes):
        value = attrgetter(str(constant.target))(module) if constant is not None else None
        if constant is not None and isinstance(value, torch.Tensor) and value.is_floating_point() and value.numel():
            sizes[str(constant.target)] = float(value.abs().max())
    name = max(sizes, key=sizes.__getitem__, default="")
    return f"; its constant {name!r} holds {sizes[name]:g}" if name and not sizes[name] <= HUGE else ""


def _constant(node: Node) -> Node | None:
    """The constant that an operand is, seen through the observer of weights."""
    while node.op == "call_module":
        node = node.all_input_nodes[0]
    return node if node.op == "get_attr" else None


class _Keeper(torch.fx.Interpreter):
    """Keeps the value of every node."""

    def __init__(self, module: GraphModule) -> None:
        super().__init__(module)
        self.values: dict[Node, Any] = {}

    def run_node(self, n: Node) -> Any:
        self.values[n] = super().run_node(n)
        return self.values[n]


def _not_finite(module: GraphModule, samples: Samples, index: int) -> InputError:
    keeper = _Keeper(module)
    keeper.run(*arguments(module, samples, index), enable_io_processing=False)
    (end,) = (node for node in module.graph.nodes if node.op == "output")
    node = reader = end
    while (before := _first(node.all_input_nodes, keeper.values)) is not None:
        node, reader = before, node
    if node.op == "get_attr":
        what = f"its constant {str(node.target)!r} holds {_sort(keeper.values[node])}"
        node = reader
    else:
        numbers = [a for a in tree_leaves((node.args, node.kwargs)) if isinstance(a, float) and not abs(a) <= HUGE]
        what = f"gives {_sort(keeper.values[node])}"
        what += f" by the number {numbers[0]}" if numbers else " for finite operands" + _largest_constant(module, node)
    return InputError(
        f"the model's output is not finite on calibration sample {index}: {_title(node)}: {what}",
        where=str(origin(node)),
        hint="check the weights in the archive and the scale of the calibration data, or limit the operand with clamp",
    )


def _first(nodes: Iterable[Node], values: Mapping[Node, Any]) -> Node | None:
    """A node whose value is not finite, preferably no constant: masks of attention hold -inf for good."""
    bad = [node for node in nodes if _sort(values[node])]
    return min(bad, key=lambda node: node.op == "get_attr", default=None)


def _sort(value: Any) -> str:
    """ "nan", "inf" or "-inf" where a tensor holds one; else ""."""
    for tensor in tree_leaves(value):
        if isinstance(tensor, torch.Tensor) and tensor.is_floating_point():
            wrong = tensor[~torch.isfinite(tensor)]
            if wrong.numel():
                return str(float(wrong.reshape(-1)[0]))
    return ""


def _title(node: Node) -> str:
    return target_name(node) if node.op == "call_function" else f"{node.name!r}"
