"""A quantized program (`quantized_decomposed` q/dq form) to the integer IR."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import torch
from torch.export import ExportedProgram
from torch.fx import GraphModule, Node

from mcugen.errors import InputError
from mcugen.frontend.calibration import InputSpec
from mcugen.frontend.faults import Faults
from mcugen.frontend.functional import is_known, make_functional
from mcugen.frontend.lowering import ROWS
from mcugen.frontend.lowering.arguments import INTEGERS, dtype_of, shape_of, target_name
from mcugen.frontend.lowering.context import Lowering
from mcugen.frontend.lowering.qdq import is_dequantize, is_quantize
from mcugen.frontend.lowering.row import KEPT, NARROW
from mcugen.frontend.provenance import origin
from mcugen.frontend.ranges.observe import STATE
from mcugen.frontend.refusals import row_missing, short_name, without_form
from mcugen.frontend.rewrites.canonical import canonicalize
from mcugen.frontend.rewrites.masks import rewrite_masks
from mcugen.frontend.rewrites.recurrent import expand
from mcugen.frontend.rewrites.simplify import simplify
from mcugen.frontend.signature import PortNames, is_input, port_names, positional_module
from mcugen.frontend.torch_settings import quiet, single_threaded
from mcugen.graph.graph import Graph, Port
from mcugen.graph.ops import Reshape
from mcugen.graph.tensor import Quantization

log = logging.getLogger(__name__)

NORMALIZATIONS = "mcugen_normalizations"
"""Key of a quantized program's `meta`: how mcugen's quantizer has normalised its inputs, by placeholder."""


def import_program(program: ExportedProgram, name: str) -> Graph:
    """Lowers a quantized exported program.

    Args:
        program: in q/dq form: PT2E, QAT, weights per tensor or per channel.
        name: the graph's name.

    Returns:
        A graph in the program's own layout, with explicit transposes around NHWC operators; `passes.optimize` removes
        them.

    Raises:
        UnsupportedOperatorError: an operator is left in float or has no integer form.
        InputError: the program's inputs or outputs cannot be compiled.
    """
    return import_module(positional_module(program), name, port_names(program))


def import_module(module: GraphModule, name: str, names: PortNames) -> Graph:
    """As `import_program`, for the GraphModule of a program (parameters as attributes) and its ports' names."""
    return import_with_values(module, name, names)[0]


def import_with_values(module: GraphModule, name: str, names: PortNames) -> tuple[Graph, dict[str, str]]:
    """As `import_module`, and by tensor of the graph the node of the program whose value it holds: what a quantize has
    made the tensor of, or what needs none."""
    # Rewriting moves quantize nodes to other values, of the same meaning.
    quantized = {node.name: node.all_input_nodes[0].name for node in module.graph.nodes if is_quantize(node)}
    before = {node.name: node.target for node in module.graph.nodes if node.op in ("call_function", "placeholder")}
    context, outputs = lower(module, names.inputs)
    normalizations = module.meta.get(NORMALIZATIONS, {})
    inputs = [
        replace(_port(context, node), normalization=normalizations.get(node.name))
        for node in module.graph.nodes
        if is_input(node)
    ]
    if not inputs:
        raise InputError("the model has no inputs: its results are constants", hint="compute them beforehand")
    (end,) = (node for node in module.graph.nodes if node.op == "output")
    ports = _output_ports(context, outputs, [names.outputs[index] for index, _ in _results(end.args[0])])
    untold = [node for node in context.narrowed if NARROW not in node.meta]
    graph = Graph(
        name,
        context.tensors,
        tuple(context.operators),
        tuple(inputs),
        tuple(ports),
        warnings=(
            *without_form("int16", [(short_name(node), origin(node)) for node in untold]),
            *dict.fromkeys(context.lost.values()),
        ),
    ).with_changes()
    held = {tensor: quantized[node.name] for node, tensor in context.integers.items() if node.name in quantized}
    for node, tensor in context.implied_values():
        if before.get(node.name) == node.target and context.tensors[tensor].quantization is not None:
            held.setdefault(tensor, node.name)
    return graph, {tensor: value for tensor, value in held.items() if tensor in graph.tensors}


def lower(module: GraphModule, input_names: Sequence[str] = ()) -> tuple[Lowering, list[str]]:
    """Everything lowered, and the tensors of the outputs; `Lowering.integers` maps quantize nodes to tensors.

    Raises:
        UnsupportedOperatorError: tells all operators that are left in float or have no integer form.
    """
    make_functional(module)
    refused = Faults()
    expand(module, refused)
    refused.raise_all()
    simplify(module)
    rewrite_masks(module, Lowering(module, ROWS, is_known))
    context = Lowering(module, ROWS, is_known, named_inputs(module, input_names))
    outputs: list[str] = []
    faults = Faults()
    with quiet(), single_threaded(), torch.no_grad():
        _infer_shapes(module)
        canonicalize(module)
        for node in module.graph.nodes:
            with faults.at(node):
                if node.op == "output":
                    outputs = _outputs(context, node, faults)
                else:
                    _visit(context, node)
            if node in faults and is_quantize(node):
                # Whoever reads it is judged on its own.
                context.integers[node] = context.activation(node.name, shape_of(node), Quantization.per_tensor(1.0, 0))
    faults.raise_all()
    return context, outputs


def is_quantized(module: GraphModule) -> bool:
    """True when any quantize or dequantize operator is in the program."""
    return any(is_quantize(node) or is_dequantize(node) for node in module.graph.nodes)


def named_inputs(module: GraphModule, names: Sequence[str] = ()) -> dict[Node, str]:
    """The model's inputs with their names in the program's signature; without names, those of the placeholders."""
    placeholders = [node for node in module.graph.nodes if node.op == "placeholder"]
    return dict(zip(placeholders, names or [node.name for node in placeholders], strict=True))


def inputs_of(module: GraphModule, names: Sequence[str] = ()) -> list[InputSpec]:
    """The model's inputs, in order.

    Raises:
        InputError: an input is no tensor.
    """
    return [
        InputSpec(name, shape_of(node), str(dtype_of(node)).removeprefix("torch."))
        for node, name in named_inputs(module, names).items()
        if is_input(node)
    ]


class _Shapes(torch.fx.Interpreter):
    """Runs a module once on zeros to fill in the "val" metadata that rewriting has dropped."""

    def run_node(self, n: Node) -> Any:
        result = super().run_node(n)
        if n.op in ("call_function", "get_attr", "call_module"):
            n.meta["val"] = result
        return result


def _infer_shapes(module: GraphModule) -> None:
    if all("val" in node.meta for node in module.graph.nodes if node.op == "call_function"):
        return
    zeros = [
        torch.zeros(shape_of(node), dtype=dtype_of(node)) if is_input(node) else node.meta.get("val")
        for node in module.graph.nodes
        if node.op == "placeholder"
    ]
    _Shapes(module).run(*zeros, enable_io_processing=False)


def _visit(context: Lowering, node: Node) -> None:
    """Lowers a quantize node, or an operator on integers; float operators are lowered when a quantize asks for them."""
    if node.op != "call_function" or context.constant_value(node) is not None:
        return
    if is_quantize(node):
        context.integers[node] = context.quantize(node)
    elif is_dequantize(node):
        _quantized_input(context, node)
    elif KEPT in node.meta:
        lower_kept = context.row(node).kept
        assert lower_kept is not None, node
        context.integers[node] = lower_kept(context, node)
    elif context.functions.source(node) is not None:
        return
    elif target_name(node) not in ROWS and node.users:
        raise row_missing(node)
    elif dtype_of(node) in INTEGERS and node.users:
        row = context.row(node)
        if row.integers is None:
            dtype = dtype_of(node)
            raise context.unsupported(node, f"it has no form for values of {dtype}", "compute it outside the model")
        context.integers[node] = row.integers(context, node)


def _quantized_input(context: Lowering, node: Node) -> None:
    """A dequantize that reads a model input: the input is already int8 in the user's program."""
    source = node.all_input_nodes[0]
    if source.op == "placeholder" and source not in context.integers:
        affine = context.affine(node)
        context.require_activation(node, affine)
        context.integers[source] = context.input(source, affine.quantization())


Result = Node | bool | int | float


def _results(value: object) -> list[tuple[int, Result]]:
    """The model's results with their positions; None is no result."""
    items = value if isinstance(value, list | tuple) else [value]
    for item in items:
        if item is not None and not isinstance(item, Result):
            raise InputError(
                f"the model returns {item!r}, which is no tensor", hint="return tensors only from forward()"
            )
    return [(index, item) for index, item in enumerate(items) if isinstance(item, Result)]


def _outputs(context: Lowering, node: Node, faults: Faults) -> list[str]:
    """The tensors of the model's results; a faulty one is left out."""
    found = []
    for _, value in _results(node.args[0]):
        with faults.at(value if isinstance(value, Node) else node):
            found.append(_output(context, value))
    return found


def _output(context: Lowering, node: Result) -> str:
    """The tensor of a model output; a dequantize at the border is dropped."""
    if not isinstance(node, Node) or context.constant_value(node) is not None:
        return context.constant_output(node)
    if node in context.integers:
        return context.integers[node]
    if dtype_of(node) in INTEGERS:
        return context.integer(node, node)
    quantization = context.implied(node)
    if quantization is None:
        raise context.not_quantized(node, node)
    return context.materialize(node, quantization)


def _port(context: Lowering, node: Node) -> Port:
    if node not in context.ports:
        log.warning("%s %r is not used", "state" if STATE in node.meta else "model input", context.input_names[node])
        context.input(node, None if dtype_of(node) in INTEGERS else Quantization.per_tensor(1.0, 0))
    return context.ports[node]


def _output_ports(context: Lowering, tensors: list[str], names: Sequence[str]) -> list[Port]:
    """Ports with names and tensors of their own: a value that is returned twice, or is an input, is copied."""
    taken = {port.tensor for port in context.ports.values()}
    used: set[str] = set()
    ports = []
    for tensor, name in zip(tensors, names, strict=True):
        label = next(n for n in (name, *(f"{name}_{i}" for i in range(1, len(names) + 1))) if n not in used)
        if tensor in taken:
            tensor = _copy(context, tensor, label)
        used.add(label)
        taken.add(tensor)
        shape = context.tensors[tensor].shape
        ports.append(Port(tensor, label, shape, tuple(range(len(shape)))))
    return ports


def _copy(context: Lowering, tensor: str, label: str) -> str:
    source = context.tensors[tensor]
    copy = context.activation(f"{label}_copy", source.shape, source.quantization, source.dtype)
    context.operators.append(Reshape(name=copy, inputs=(tensor,), outputs=(copy,)))
    return copy
