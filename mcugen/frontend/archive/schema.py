"""Checks a serialized exported program (JSON) before PyTorch's deserializer sees it, and drops what is not needed.

PyTorch turns a program into Python source and executes it, so every name in the JSON is source text in the end, as
are guards and symbolic expressions. Only plain identifiers pass, only known kinds of arguments, only operators of aten
and of the q/dq namespace. Field names follow torch/_export/serde/schema.py, schema version 8.
"""

from __future__ import annotations

import json
import re
import unicodedata
from pathlib import Path
from typing import Any

from mcugen.errors import InputError
from mcugen.frontend.archive.fields import fields
from mcugen.frontend.archive.operators import check_operators
from mcugen.frontend.provenance import module_path_of_text, sequence_module_of_text, source_line

_TREE_TYPES = {"builtins.tuple", "builtins.list", "builtins.dict", None}

# Kinds of values an argument can have: numbers, strings (quoted by PyTorch), tensors by name.
_VALUES = {
    *("as_none", "as_tensor", "as_tensors", "as_optional_tensor", "as_optional_tensors", "as_nested_tensors"),
    *("as_int", "as_ints", "as_int_lists", "as_float", "as_floats", "as_float_lists", "as_bool", "as_bools"),
    *("as_string", "as_strings", "as_scalar_type", "as_memory_format", "as_layout", "as_device"),
}
_SYMBOLIC = {
    *("as_expr", "as_name", "as_sym_int", "as_sym_ints", "as_sym_bool", "as_sym_bools", "as_sym_float"),
    "as_sym_floats",
}
_QUALIFIED_NAMES = ("parameter_name", "buffer_name", "tensor_constant_name")
_QUALIFIED = re.compile(r"[^\"'\\{}\x00-\x1f\x7f]+")
_SYMBOL = re.compile(r"Symbol\('(\w+)'")
_HINT = "write it with torch.export.save of PyTorch itself"


def harmless_program(path: Path, program: dict[str, Any]) -> dict[str, Any]:
    """A copy that PyTorch's deserializer may see: checked, and without guards (Python code) and other metadata.

    Refuses dynamic shapes, custom objects, unknown operators, and names that are no identifiers.

    Raises:
        InputError, UnsupportedOperatorError: with the input, or the operator and its source line.
    """
    module = program["graph_module"]
    graph = module["graph"]
    _check_inputs(path, module["signature"], graph, program.get("range_constraints") or {})
    check_operators(graph, module["signature"])
    if program.get("range_constraints"):
        raise _dynamic(path)
    for part in (graph, module["signature"]):
        _check_values(path, part)
    for entry in module["module_call_graph"]:
        for name in (entry.get("signature") or {}).get("forward_arg_names") or []:
            _require_identifier(path, name)
    return _stripped(program)


def _dynamic(path: Path, axes: str = "", sizes: str = "") -> InputError:
    return InputError(
        f"the model has dynamic shapes, a microcontroller's memory is planned for fixed ones{axes and ': '}{axes}",
        where=str(path),
        hint="export again without dynamic_shapes, with example inputs of the sizes that the device gets"
        f"{sizes and ', for example '}{sizes}: torch.export.export(model.eval(), example_inputs)",
    )


def _check_inputs(path: Path, signature: dict[str, Any], graph: dict[str, Any], ranges: dict[str, Any]) -> None:
    axes, examples = [], []
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
        dynamic = [f"axis {axis}{_range(size, ranges)}" for axis, size in enumerate(sizes) if "as_int" not in size]
        if dynamic:
            axes.append(f"input {str(name)[:80]!r}, {' and '.join(dynamic)}")
            examples.append(f"{str(name)[:80]} of shape ({', '.join(map(_example, sizes))})")
    if axes:
        raise _dynamic(path, "; ".join(axes), ", ".join(examples))


def _range(size: dict[str, Any], ranges: dict[str, Any]) -> str:
    """What a dynamic size may be, where the file says so."""
    symbols = _SYMBOL.findall(str(size.get("as_expr")))
    limits = ranges.get(symbols[0]) if len(symbols) == 1 else None
    if not isinstance(limits, dict) or not isinstance(limits.get("max_val"), int):
        return ""
    return f" ({limits.get('min_val')} to {limits['max_val']})"


def _example(size: dict[str, Any]) -> str:
    """A size, or the one that a dynamic one had at the export."""
    hint = ((size.get("as_expr") or {}).get("hint") or {}).get("as_int")
    return str(size.get("as_int", hint if isinstance(hint, int) else "?"))


def _require_identifier(path: Path, name: Any) -> None:
    # Letters of any script, in the form that Python itself gives to identifiers (PEP 3131).
    if not isinstance(name, str) or not name.isidentifier() or unicodedata.normalize("NFKC", name) != name:
        raise InputError(f"the archive has the name {str(name)[:80]!r}, no identifier", where=str(path), hint=_HINT)


def _check_values(path: Path, part: dict[str, Any]) -> None:
    for key, value in fields({k: v for k, v in part.items() if k != "nodes"}):
        _check_field(path, key, value)
    for node in part.get("nodes", ()):
        for key, value in fields({k: v for k, v in node.items() if k != "metadata"}):
            _check_field(path, key, value)


def _check_field(path: Path, key: str, value: Any) -> None:
    if key in _SYMBOLIC or (key.startswith("sym_") and key.endswith("_values") and value):
        raise _dynamic(path)
    if (key.startswith("as_") and key not in _VALUES) or (key == "custom_obj_values" and value):
        raise InputError(
            f"the archive has values of kind {key[:40]!r}", where=str(path), hint="use tensors and numbers"
        )
    if key == "name" and value not in (None, ""):
        _require_identifier(path, value)
    if key in _QUALIFIED_NAMES and not (isinstance(value, str) and _QUALIFIED.fullmatch(value)):
        raise InputError(f"the archive has the name {str(value)[:80]!r}", where=str(path), hint=_HINT)


def _stripped(program: dict[str, Any]) -> dict[str, Any]:
    """A copy without guards and metadata, but for where nodes come from; devices become the CPU."""
    clean: dict[str, Any] = json.loads(json.dumps(program))
    clean["guards_code"] = []
    clean["range_constraints"] = {}
    clean["verifiers"] = ["TRAINING"]
    module = clean["graph_module"]
    module["metadata"] = {}
    module["treespec_namedtuple_fields"] = {}
    for key, value in list(fields(module)):
        if key in ("device", "as_device") and isinstance(value, dict):
            value.update(type="cpu", index=None)
    for node in module["graph"]["nodes"]:
        node["metadata"] = _origin_only(node.get("metadata") or {})
    module["module_call_graph"] = [entry for entry in module["module_call_graph"] if entry.get("fqn") == ""]
    for entry in module["module_call_graph"]:
        for key in ("in_spec", "out_spec"):
            _check_tree(json.loads(entry["signature"][key])[1], identifiers=key == "in_spec")
    return clean


def _plain(text: str) -> str:
    return re.sub(r"[^\w.<>-]", "_", text)


def _origin_only(metadata: dict[str, str]) -> dict[str, str]:
    """One stack frame and one module, in the forms in which PyTorch would have written them."""
    result: dict[str, str] = {}
    file, _, line = source_line(metadata.get("stack_trace")).rpartition(":")
    if file:
        result["stack_trace"] = f'File "{_plain(file)}", line {int(line)}'
    if path := module_path_of_text(metadata.get("nn_module_stack")):
        kind = sequence_module_of_text(metadata.get("nn_module_stack")) or "module"
        result["nn_module_stack"] = f"module,{_plain(path)},{kind}"
    return result


def _check_tree(spec: dict[str, Any], *, identifiers: bool) -> None:
    """Structures of inputs and outputs are made of tuples, lists and dictionaries; the inputs' keys become names."""
    if spec.get("type") not in _TREE_TYPES:
        raise InputError(
            f"the model takes or returns a {str(spec.get('type'))[:100]}",
            hint="use tensors, tuples, lists and dictionaries in forward()",
        )
    if identifiers and spec.get("type") == "builtins.dict":
        keys = json.loads(spec["context"])
        if not all(isinstance(key, str) and key.isidentifier() for key in keys):
            raise InputError(f"the model takes a dictionary with the keys {keys}", hint="use identifiers as keys")
    for child in spec.get("children_spec", []):
        _check_tree(child, identifiers=identifiers)
