"""Errors about operators: what is wrong, the Python line and module, what to use instead."""

from __future__ import annotations

from collections.abc import Sequence

from torch.fx import Node

from mcugen.errors import UnsupportedOperatorError
from mcugen.frontend.advice import instead, of_several
from mcugen.frontend.lowering.arguments import target_name
from mcugen.frontend.lowering.functions import is_pointwise
from mcugen.frontend.provenance import origin
from mcugen.graph.tensor import Origin


def unsupported(node: Node, why: str, hint: str) -> UnsupportedOperatorError:
    """The error about a node: names the operator, its Python line and module."""
    return UnsupportedOperatorError(f"{target_name(node)}: {why}", where=str(origin(node)), hint=hint)


def row_missing(node: Node) -> UnsupportedOperatorError:
    """The error about an operator that the table lacks."""
    if is_pointwise(node) and len(node.all_input_nodes) > 1:
        return unsupported(node, "of several tensors it has no integer form", of_several(target_name(node)))
    return no_integer_form(target_name(node), origin(node))


def no_integer_form(name: str, where: Origin) -> UnsupportedOperatorError:
    """As `row_missing`, for an operator that is known by its name alone."""
    return UnsupportedOperatorError(f"{name}: this operator has no integer form", where=str(where), hint=instead(name))


def short_name(node: Node) -> str:
    """ "conv2d" of "aten.conv2d.padding"."""
    parts = target_name(node).split(".")
    return parts[1] if len(parts) > 1 else parts[0]


def without_form(precision: str, places: Sequence[tuple[str, Origin]]) -> tuple[str, ...]:
    """The warning about operators, by name and origin, that compute in int8 instead; none where there are none."""
    told: dict[str, None] = {}
    for name, place in places:
        at = ", ".join(part for part in (place.module, place.source) if part)
        told[f"{name} ({at})" if at else name] = None
    return (f"no {precision} form, computed with int8 and requantized around: {'; '.join(told)}",) if told else ()
