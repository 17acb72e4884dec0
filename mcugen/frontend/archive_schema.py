"""Checks a serialized exported program (JSON) before PyTorch's deserializer sees it, and drops what is not needed.

Field names follow torch/_export/serde/schema.py, schema version 8.
"""

from __future__ import annotations

import copy
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from mcugen.errors import InputError, UnsupportedOperatorError
from mcugen.frontend.provenance import module_path_of_text, source_line
from mcugen.graph.tensor import Origin

# aten and the q/dq operators; everything else would be resolved with getattr over the torch module.
_OPERATOR = re.compile(r"torch\.ops\.(aten|quantized_decomposed)\.[A-Za-z0-9_]+\.[A-Za-z0-9_]+|_operator\.getitem")
_OTHER_NAMESPACE = re.compile(r"torch\.ops\.[A-Za-z0-9_.]+")
_METADATA = ("stack_trace", "nn_module_stack", "torch_fn")
_TREE_TYPES = {"builtins.tuple", "builtins.list", "builtins.dict", None}


def fixed_sizes(sizes: list[dict[str, Any]]) -> list[int]:
    """Serialized sizes as integers.

    Raises:
        ValueError: one of them is symbolic.
    """
    values = [size.get("as_int") for size in sizes]
    if not all(isinstance(value, int) for value in values):
        raise ValueError("a size is symbolic")
    return [int(v) for v in values if v is not None]


def check_program(path: Path, program: dict[str, Any]) -> None:
    """Refuses dynamic shapes, custom objects, and operators outside aten and quantized_decomposed.

    Raises:
        InputError, UnsupportedOperatorError: with the input, or the operator and its source line.
    """
    module = program["graph_module"]
    graph = module["graph"]
    _check_inputs(path, module["signature"], graph)
    if program.get("range_constraints"):
        raise _dynamic(path, "the model")
    for node in graph["nodes"]:
        _check_node(node)
    # Whatever is left of symbolic expressions (which PyTorch would evaluate as Python).
    if any(True for _ in _symbolic(program)):
        raise _dynamic(path, "the model")
    for kind in ("sym_int_values", "sym_float_values", "sym_bool_values", "custom_obj_values"):
        if graph.get(kind):
            raise _dynamic(path, "the model")


def _dynamic(path: Path, what: str) -> InputError:
    return InputError(
        f"{what} has dynamic shapes, a microcontroller's memory is planned for fixed ones",
        where=str(path),
        hint="export again without dynamic_shapes: torch.export.export(model.eval(), example_inputs)",
    )


def _check_inputs(path: Path, signature: dict[str, Any], graph: dict[str, Any]) -> None:
    for spec in signature["input_specs"]:
        if "custom_obj" in spec or "token" in spec:
            raise InputError(
                "the model has custom objects among its inputs or constants",
                where=str(path),
                hint="use plain tensors only",
            )
        argument = (spec.get("user_input") or {}).get("arg") or {}
        if "as_tensor" not in argument:
            continue
        name = argument["as_tensor"]["name"]
        sizes = (graph["tensor_values"].get(name) or {}).get("sizes", [])
        dynamic = [str(axis) for axis, size in enumerate(sizes) if "as_int" not in size]
        if dynamic:
            raise _dynamic(path, f"the model input {name!r} (axis {', '.join(dynamic)})")


def _check_node(node: dict[str, Any]) -> None:
    target = str(node.get("target"))
    if _OPERATOR.fullmatch(target):
        return
    metadata = node.get("metadata") or {}
    stack = metadata.get("nn_module_stack")
    name = target.removeprefix("torch.ops.")[:200] if _OTHER_NAMESPACE.fullmatch(target) else repr(target[:200])
    origin = Origin(source_line(metadata.get("stack_trace")), module_path_of_text(stack), name)
    raise UnsupportedOperatorError(
        f"{name}: operators outside aten and quantized_decomposed are not loaded",
        where=str(origin),
        hint="express it with aten operators; control flow and custom operators have no integer form",
    )


def _symbolic(value: Any) -> Iterator[str]:
    if isinstance(value, dict):
        if "as_expr" in value or "expr_str" in value:
            yield str(value)
        for item in value.values():
            yield from _symbolic(item)
    elif isinstance(value, list):
        for item in value:
            yield from _symbolic(item)


def harmless_program(program: dict[str, Any]) -> dict[str, Any]:
    """A copy without guards, which are Python code, and without metadata other than where nodes come from."""
    clean = copy.deepcopy(program)
    clean["guards_code"] = []
    clean["range_constraints"] = {}
    module = clean["graph_module"]
    module["metadata"] = {}
    module["treespec_namedtuple_fields"] = {}
    for node in module["graph"]["nodes"]:
        node["metadata"] = {k: v for k, v in (node.get("metadata") or {}).items() if k in _METADATA}
    root = [entry for entry in module["module_call_graph"] if entry.get("fqn") == ""]
    for entry in root:
        for key in ("in_spec", "out_spec"):
            _check_tree(entry["signature"][key])
    module["module_call_graph"] = root
    return clean


def _check_tree(text: str) -> None:
    """Input and output structures may be built of tuples, lists and dicts only."""
    import json

    def walk(spec: Any) -> None:
        if spec.get("type") not in _TREE_TYPES:
            raise InputError(
                f"the model takes or returns a {str(spec.get('type'))[:100]}",
                hint="use tensors, tuples, lists and dictionaries in forward()",
            )
        for child in spec.get("children_spec", []):
            walk(child)

    walk(json.loads(text)[1])
