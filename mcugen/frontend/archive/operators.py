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
from mcugen.frontend.archive.fields import fields
from mcugen.frontend.faults import together
from mcugen.frontend.folding import BATCH_NORMS
from mcugen.frontend.lowering import ROWS
from mcugen.frontend.lowering.context import no_integer_form
from mcugen.frontend.lowering.recurrent import CELLS, SEQUENCES
from mcugen.frontend.provenance import module_path_of_text, source_line
from mcugen.frontend.quantized_operators import NAMESPACE
from mcugen.graph.tensor import Origin

# Everything else would be resolved with getattr over the torch module.
_OPERATOR = re.compile(rf"torch\.ops\.(aten|{NAMESPACE})\.[A-Za-z0-9_]+\.[A-Za-z0-9_]+|_operator\.getitem")
_PRINTABLE = re.compile(r"[A-Za-z0-9_.:]{1,200}")
_CONSTANTS = ("parameter", "buffer", "tensor_constant")


def check_operators(graph: dict[str, Any], signature: dict[str, Any]) -> None:
    """Refuses operators of other namespaces.

    Raises:
        UnsupportedOperatorError: tells all of them, and all of aten that have no integer form.
    """
    foreign = [node for node in graph["nodes"] if not _is_loaded(str(node.get("target")))]
    if not foreign:
        return
    errors = [
        UnsupportedOperatorError(
            f"{_name(node)}: operators outside aten and {NAMESPACE} are not loaded",
            where=str(_origin(node)),
            hint="use aten operators; a custom operator gets an integer form by --plugin (docs/plugins.md), "
            "control flow has none",
        )
        for node in foreign
    ]
    raise together([*errors, *(no_integer_form(_name(node), _origin(node)) for node in _without_row(graph, signature))])


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
    if {name, plain} & (ROWS.keys() | BATCH_NORMS | SEQUENCES.keys() | CELLS.keys()) or packet.startswith("_assert"):
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
