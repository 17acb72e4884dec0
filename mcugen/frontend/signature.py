"""The calling convention of a program: the names of its ports, and a module that is called with plain tensors."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import torch
from torch.export import ExportedProgram
from torch.fx import GraphModule, Node
from torch.fx.graph import CodeGen
from torch.utils._pytree import GetAttrKey, MappingKey, tree_flatten_with_path, tree_unflatten

from mcugen.errors import InputError
from mcugen.frontend.functional import is_view


@dataclass(frozen=True)
class PortNames:
    """In the order of the program's tensors; unique among the inputs."""

    inputs: tuple[str, ...]
    outputs: tuple[str, ...]


def port_names(program: ExportedProgram) -> PortNames:
    """The names of the arguments of forward(), and of its results: the keys when it returns a dictionary.

    `ExportedProgram.module()` renames what hides a built-in function (`input`), so its placeholders are not asked.
    """
    return PortNames(_inputs(program), _outputs(program))


def positional_module(program: ExportedProgram) -> GraphModule:
    """The program as a module that takes its input tensors one by one, keyword and nested arguments too, and returns a
    tuple.

    The code that torch.fx generates for a module of nested or keyword arguments unpacks them by name, and confuses
    those called `input` and `input_1`.
    """
    module = program.module(check_guards=False)
    _hold_old_values(module, set(program.graph_signature.buffers_to_mutate.values()))
    # The hook demands keyword arguments by name.
    module._forward_pre_hooks.clear()
    module.graph.set_codegen(CodeGen())
    for node in module.graph.nodes:
        if node.op == "placeholder":
            node.target = node.name
    module.recompile()
    return module


def _hold_old_values(module: GraphModule, changed: set[str]) -> None:
    """A functional program gives all buffers their new values at once, from the old ones of the buffers that it reads.

    `ExportedProgram.module()` (PyTorch 2.13) copies them one after the other, so that a buffer which takes another's
    old value gets its new one: a delay line loses a step.
    """
    copy = torch.ops.aten.copy_.default
    copies = [n for n in module.graph.nodes if n.target is copy and n.args[0].target in changed]
    for node in copies[1:]:
        source = node.args[1]
        while is_view(source):
            source = source.all_input_nodes[0]
        if source.op == "get_attr" and source.target in changed:
            with module.graph.inserting_before(copies[0]):
                old = module.graph.call_function(torch.ops.aten.clone.default, (node.args[1],))
            old.meta = dict(node.args[1].meta)
            node.args = (node.args[0], old)


def _inputs(program: ExportedProgram) -> tuple[str, ...]:
    flat = tuple(str(name) for name in program.graph_signature.user_inputs)
    signature = next((entry.signature for entry in program.module_call_graph if entry.fqn == ""), None)
    arguments = signature.forward_arg_names if signature is not None else None
    # An argument that is a tuple or a dictionary has several names, which only the flat list has.
    if arguments and len(arguments) == len(flat) and len(set(arguments)) == len(flat):
        return tuple(arguments)
    return flat


def _outputs(program: ExportedProgram) -> tuple[str, ...]:
    names = [str(name) for name in program.graph_signature.user_outputs]
    spec = program.call_spec.out_spec
    if spec is not None and spec.num_leaves == len(names):
        leaves, _ = tree_flatten_with_path(tree_unflatten(list(range(spec.num_leaves)), spec))
        for path, index in leaves:
            # Keys and positions, where any step is a name.
            if any(isinstance(key, MappingKey | GetAttrKey) for key in path):
                names[index] = "_".join(_step(key) for key in path)
    return tuple(names)


def _step(key: Any) -> str:
    """One step into nested results."""
    return str(next(getattr(key, field) for field in ("key", "idx", "name") if hasattr(key, field)))


def is_input(node: Node) -> bool:
    """True for inputs of the device. Numbers, texts and None that the model was exported with are part of the program.

    Raises:
        InputError: an input is nothing that a device could be given.
    """
    if node.op != "placeholder":
        return False
    value = node.meta.get("val")
    if isinstance(value, torch.Tensor):
        return True
    if value is None or isinstance(value, bool | int | float | str):
        return False
    raise InputError(f"the model input {node.name!r} is no tensor", hint="export the model with tensor inputs only")
