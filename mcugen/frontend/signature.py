"""The calling convention of a program: the names of its ports, and a module that is called with plain tensors."""

from __future__ import annotations

from dataclasses import dataclass

from torch.export import ExportedProgram
from torch.fx import GraphModule
from torch.fx.graph import CodeGen


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

    `ExportedProgram.module()` unpacks arguments by name, and confuses those called `input` and `input_1`.
    """
    module = program.module(check_guards=False)
    # The hook demands keyword arguments by name.
    module._forward_pre_hooks.clear()
    module.graph.set_codegen(CodeGen())
    for node in module.graph.nodes:
        if node.op == "placeholder":
            node.target = node.name
    module.recompile()
    return module


def _inputs(program: ExportedProgram) -> tuple[str, ...]:
    flat = tuple(str(name) for name in program.graph_signature.user_inputs)
    signature = next((entry.signature for entry in program.module_call_graph if entry.fqn == ""), None)
    arguments = signature.forward_arg_names if signature is not None else None
    # An argument that is a tuple or a dictionary has several names, which only the flat list has.
    if arguments and len(arguments) == len(flat) and len(set(arguments)) == len(flat):
        return tuple(arguments)
    return flat


def _outputs(program: ExportedProgram) -> tuple[str, ...]:
    spec = program.call_spec.out_spec
    if spec is not None and spec.type is dict and len(spec.context) == spec.num_leaves:
        return tuple(str(key) for key in spec.context)
    return tuple(str(name) for name in program.graph_signature.user_outputs)
