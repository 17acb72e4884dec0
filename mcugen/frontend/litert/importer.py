"""A LiteRT file to the integer graph: ports as in the file, then one operator after the other by the tables."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

from mcugen.errors import InputError, UnsupportedOperatorError
from mcugen.frontend.litert.file import read_file, telling_file
from mcugen.frontend.litert.flatbuffer import DamagedError
from mcugen.frontend.litert.model import FileTensor, Model, UnreadError
from mcugen.frontend.litert.network import DTYPE_OF, FLOAT_HINT, OTHERWISE_HINT, Network
from mcugen.frontend.litert.operators import ROWS
from mcugen.frontend.litert.operators.types import CHOICES, TYPES
from mcugen.frontend.litert.step import Row, Step
from mcugen.graph.graph import Graph, Port
from mcugen.graph.tensor import Tensor
from mcugen.litert.names import KEY, Names, from_text

_REPORTED = 8
"""Operators that one error names."""


def import_litert(path: Path, custom: Mapping[str, Row] | None = None) -> Graph:
    """A LiteRT file as a graph, as the file spells it: no pass has run.

    Args:
        custom: what custom operators become, by their name; others are refused.

    Raises:
        InputError: the file is damaged.
        UnsupportedOperatorError: an operator has no integer form, or the file's numbers are float.
    """
    with telling_file(path):
        return build(read_file(path), path.name, custom)


def build(model: Model, file: str, custom: Mapping[str, Row] | None = None) -> Graph:
    """The graph of a file's first subgraph.

    Raises:
        DamagedError, InputError, UnsupportedOperatorError: as `import_litert`.
    """
    rows = {**ROWS, **(custom or {})}
    network = Network(file, model, model.subgraphs[0], run_subgraph, rows=rows, names=_own_names(model))
    try:
        return _graph(network)
    except (ValueError, OverflowError) as error:
        # What operators raise says already which it is.
        raise UnsupportedOperatorError(str(error), where=file, hint=OTHERWISE_HINT) from error


def _graph(network: Network) -> Graph:
    subgraph = network.subgraph
    if not subgraph.inputs or not subgraph.outputs:
        raise DamagedError("the network has no inputs, or no outputs")
    _require_known(network)
    names = _port_names(network.model)
    inputs = [_input(network, index, names) for index in dict.fromkeys(subgraph.inputs)]
    _require_elements(network)
    run_subgraph(network)
    outputs = [_output(network, index, names) for index in subgraph.outputs]
    if network.names is not None:
        inputs = [own.port(p.tensor) for own, p in zip(network.names.inputs, inputs, strict=True)]
        outputs = [own.port(p.tensor) for own, p in zip(network.names.outputs, outputs, strict=True)]
    inputs, outputs = _named_apart(inputs), _named_apart(outputs)
    states = tuple(network.held.states())
    stem = network.file.removesuffix(".tflite")
    return Graph(stem, network.tensors, tuple(network.operators), tuple(inputs), tuple(outputs), states=states)


def _require_elements(network: Network) -> None:
    """Of inputs and of results: nothing could be seen of them, or tested."""
    subgraph = network.subgraph
    results = [index for op in subgraph.operators for index in op.outputs]
    for tensor in (subgraph.tensors[index] for index in (*subgraph.inputs, *results) if index >= 0):
        if 0 in tensor.shape:
            raise UnreadError(f"{tensor} of shape {list(tensor.shape)} has no elements", "give every axis a size")


def _own_names(model: Model) -> Names | None:
    """What mcugen has written into the file besides the network.

    Raises:
        DamagedError: it is not what it writes.
    """
    text = model.metadata.get(KEY)
    if text is None:
        return None
    network = model.subgraphs[0]
    shapes = [
        [network.tensors[i].shape for i in indices] for indices in (dict.fromkeys(network.inputs), network.outputs)
    ]
    try:
        return from_text(bytes(text), *shapes)
    except ValueError as error:
        raise DamagedError(f"the metadata {KEY!r} {error}") from error


def run_subgraph(network: Network) -> None:
    """Appends every operator of the subgraph at hand.

    Raises:
        DamagedError, UnsupportedOperatorError: with the operator.
    """
    for op in network.subgraph.operators:
        step = Step(network, op)
        if op.builtin not in network.rows:
            step.fail(f"mcugen has no integer form for {op.builtin}")
        try:
            _require_type(step)
            network.rows[op.builtin](step)
        except (ValueError, OverflowError) as error:
            step.fail(str(error))
        except DamagedError as error:
            raise DamagedError(f"{op}: {error}") from error


def _require_type(step: Step) -> None:
    """Its operand has a type that the operator takes. What has no type of the IR, the row refuses."""
    op, tensors = step.op, step.network.subgraph.tensors
    places = op.inputs[1:] if op.builtin in CHOICES else op.inputs
    operands = [tensors[index] for index in places if index >= 0]
    given = next((t for t in operands if not len(t.data)), None)
    if given is None or given.type not in DTYPE_OF or given.is_variable:
        return
    dtype, taken = DTYPE_OF[given.type], TYPES.get(op.builtin)
    if taken is not None and dtype not in taken:
        step.fail(f"takes {' or '.join(taken)}; {given.name!r} is {dtype}")


def _require_known(network: Network) -> None:
    """One error for all operators that there is no row for, and one for files that compute in float."""
    operators = network.subgraph.operators
    if not operators:
        hint = "convert the whole model; a part without layers needs no firmware"
        raise InputError("the LiteRT file has no operators", where=network.file, hint=hint)
    borders = {"QUANTIZE", "DEQUANTIZE"}
    for op in operators:
        floats = [t for i in op.outputs if (t := network.subgraph.tensors[i]).type in ("FLOAT32", "FLOAT16")]
        if floats and op.builtin not in borders:
            raise UnsupportedOperatorError(
                f"the model computes in float: {op} makes {floats[0]}, which is {floats[0].type}",
                where=network.file,
                hint=FLOAT_HINT,
            )
    unknown = [op for op in operators if op.builtin not in network.rows]
    if unknown:
        shown = ", ".join(str(op) for op in unknown[:_REPORTED])
        more = f" and {len(unknown) - _REPORTED} more" if len(unknown) > _REPORTED else ""
        raise UnsupportedOperatorError(
            f"mcugen has no integer form for {shown}{more}",
            where=network.file,
            hint="`mcugen ops` lists what there is; express the layer with those, or leave it to the application",
        )


def _port_names(model: Model) -> dict[int, str]:
    """Names of the network's inputs and outputs by tensor: those of its signature, if it has one."""
    for signature in model.signatures:
        if signature.subgraph == 0:
            return {index: name for name, index in (*signature.outputs, *signature.inputs)}
    return {}


def _named_apart(ports: list[Port]) -> list[Port]:
    """With a number behind names that another port has already."""
    found: list[Port] = []
    for port in ports:
        name, count = port.name, 1
        while name in {other.name for other in found}:
            count += 1
            name = f"{port.name}_{count}"
        found.append(replace(port, name=name))
    return found


def _port(tensor: FileTensor, value: Tensor, names: dict[int, str]) -> Port:
    name = names.get(tensor.index, tensor.name)
    if value.quantization is not None and value.quantization.axis is not None:
        raise ValueError(f"{tensor} is an input or an output, and has {len(value.quantization.scales)} scales")
    return Port(value.name, name, tensor.shape, tuple(range(len(tensor.shape))))


def _input(network: Network, index: int, names: dict[int, str]) -> Port:
    tensor = network.subgraph.tensors[index]
    if tensor.type == "FLOAT32":
        value = _quantized_input(network, tensor)
    else:
        value = network.values[index] = network.activation(tensor)
    return _port(tensor, value, names)


def _quantized_input(network: Network, tensor: FileTensor) -> Tensor:
    """The integers of a float input: those of the QUANTIZE that reads it."""
    readers = [op for op in network.subgraph.operators if tensor.index in op.inputs]
    results = [network.subgraph.tensors[op.outputs[0]] for op in readers if op.builtin == "QUANTIZE" and op.outputs]
    if not results or len(results) != len(readers):
        raise UnsupportedOperatorError(
            f"the input {tensor} is {tensor.type} and nothing quantizes it", where=network.file, hint=FLOAT_HINT
        )
    like = results[0]
    value = network.add(tensor.name, tensor.shape, network.dtype(like), network.quantization(like))
    network.reals[tensor.index] = value
    return value


def _output(network: Network, index: int, names: dict[int, str]) -> Port:
    tensor = network.subgraph.tensors[index]
    value = network.reals.get(index) or network.value(index)
    return _port(tensor, value, names)
