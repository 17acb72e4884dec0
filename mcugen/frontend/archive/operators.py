"""The operators of a serialized program: only those of aten, of the q/dq namespace and of loaded plugins are resolved.

A program with others cannot be deserialized, so what else it has that is not supported is read from the JSON, for the
error to be complete.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import torch

from mcugen.errors import UnsupportedOperatorError
from mcugen.frontend.advice import instead
from mcugen.frontend.archive.fields import fields
from mcugen.frontend.definitions import COMPOSED, DEFINITIONS
from mcugen.frontend.faults import together
from mcugen.frontend.lowering import ROWS
from mcugen.frontend.lowering.rows.recurrent import CELLS, SEQUENCES
from mcugen.frontend.provenance import module_path_of_text, source_line
from mcugen.frontend.quantized_operators import NAMESPACE
from mcugen.frontend.refusals import no_integer_form
from mcugen.frontend.rewrites.canonical import REWRITES
from mcugen.frontend.rewrites.folding import BATCH_NORMS
from mcugen.graph.tensor import Origin

# Everything else would be resolved with getattr over the torch module.
_OPERATOR = re.compile(rf"torch\.ops\.(aten|{NAMESPACE})\.[A-Za-z0-9_]+\.[A-Za-z0-9_]+|_operator\.getitem")
_PRINTABLE = re.compile(r"[A-Za-z0-9_.:]{1,200}")
# Symbols that PyTorch gives to sizes that depend on values.
_UNBACKED = re.compile(r"Symbol\('(u\d+)'")
_CONSTANTS = ("parameter", "buffer", "tensor_constant")


def check_operators(graph: dict[str, Any], signature: dict[str, Any]) -> None:
    """Refuses operators of other namespaces.

    Raises:
        UnsupportedOperatorError: tells all of them, and all of aten that have no integer form.
    """
    dependent = data_dependent(graph)
    foreign = [node for node in graph["nodes"] if not _is_loaded(str(node.get("target")))]
    if dependent:
        # Python's arithmetic on sizes that depend on values.
        foreign = [node for node in foreign if not str(node.get("target")).startswith("_operator.")]
    if not foreign and not dependent:
        return
    errors = [_depends_on_values(node) for node in dependent]
    errors += [_not_loaded(node) for node in foreign]
    left = (node for node in _without_row(graph, signature) if node not in dependent and not _is_about_shapes(node))
    raise together([*errors, *(no_integer_form(_name(node), _origin(node)) for node in left)])


def _depends_on_values(node: dict[str, Any]) -> UnsupportedOperatorError:
    return UnsupportedOperatorError(
        f"{_name(node)}: the shape of its result, or a Python number that it gives, depends on the values of tensors",
        where=str(_origin(node)),
        hint=instead(_name(node)),
    )


def _not_loaded(node: dict[str, Any]) -> UnsupportedOperatorError:
    name = _name(node)
    if name.startswith("higher_order."):
        return UnsupportedOperatorError(
            f"{name}: control flow that depends on values has no integer form",
            where=str(_origin(node)),
            hint=instead(name),
        )
    return UnsupportedOperatorError(
        f"{name}: operators outside aten and {NAMESPACE} are not loaded",
        where=str(_origin(node)),
        hint="use aten operators; a custom operator gets an integer form by --plugin (`mcugen docs plugins`)",
    )


def data_dependent(graph: dict[str, Any]) -> list[dict[str, Any]]:
    """Nodes whose results have shapes, or are numbers, that only values of tensors decide; not what follows them."""
    found: list[dict[str, Any]] = []
    known: set[str] = set()
    for node in graph["nodes"]:
        names = set(_tensors(node["outputs"]))
        sizes = [graph["tensor_values"].get(name, {}).get("sizes") for name in names]
        symbols = set(_UNBACKED.findall(str(sizes)))
        kinds = {key for output in node["outputs"] if isinstance(output, dict) for key in output}
        number = any(kind.startswith("as_sym_") for kind in kinds) and _name(node).startswith("aten.")
        if symbols - known or (number and not _is_about_shapes(node)):
            found.append(node)
        known |= symbols
    return found


def _is_about_shapes(node: dict[str, Any]) -> bool:
    """True for a size of a tensor as a number, and for checks of it."""
    return _name(node).startswith(("aten.sym_", "aten._assert", "aten._check"))


def _is_loaded(target: str) -> bool:
    """Operators of a plugin are in the table, under a namespace of their own, when the user has named the plugin."""
    name = target.removeprefix("torch.ops.")
    of_plugin = name != target and name in ROWS and not name.startswith(("aten.", "mcugen."))
    return of_plugin or _OPERATOR.fullmatch(target) is not None


def _without_row(graph: dict[str, Any], signature: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """Nodes of aten that compute with activations and are in no table."""
    constants = {spec[kind]["arg"]["name"] for spec in signature["input_specs"] for kind in _CONSTANTS if kind in spec}
    for node in graph["nodes"]:
        if set(_tensors(node["inputs"])) <= constants:
            constants.update(_tensors(node["outputs"]))
        elif _name(node).startswith("aten.") and not _has_row(_name(node)):
            yield node


def _tensors(arguments: list[dict[str, Any]]) -> Iterator[str]:
    for argument in arguments:
        for key, value in fields({"arg": argument.get("arg", argument)}):
            if key == "name" and isinstance(value, str):
                yield value


def _has_row(name: str) -> bool:
    """False for operators that are surely in no table, and no functions of one tensor either."""
    namespace, packet, overload = name.split(".")
    plain = f"{namespace}.{packet.removesuffix('_')}.{overload}"
    known = ROWS.keys() | REWRITES.keys() | BATCH_NORMS | SEQUENCES.keys() | CELLS.keys()
    if {name, plain} & known or packet.startswith("_assert") or packet.removesuffix("_") in {*COMPOSED, *DEFINITIONS}:
        return True
    operator = getattr(getattr(torch.ops.aten, packet.removesuffix("_"), None), overload, None)
    return isinstance(operator, torch._ops.OpOverload) and torch.Tag.pointwise in operator.tags


def _name(node: dict[str, Any]) -> str:
    target = str(node.get("target"))
    return target.removeprefix("torch.ops.") if _PRINTABLE.fullmatch(target) else repr(target[:200])


def _origin(node: dict[str, Any]) -> Origin:
    metadata = node.get("metadata") or {}
    module = module_path_of_text(metadata.get("nn_module_stack"))
    return Origin(source_line(metadata.get("stack_trace")), module, _name(node))
