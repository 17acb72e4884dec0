"""LiteRT files of a few operators, written with the package's own schema, and what interpreters make of them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest

from mcugen.frontend.litert.importer import build
from mcugen.frontend.litert.model import read_model
from mcugen.graph import Graph
from mcugen.graph.layout import to_device_layout, to_model_layout
from mcugen.graph.reference import run
from mcugen.litert.schema import schema

Array = npt.NDArray[Any]


@dataclass(frozen=True, eq=False)
class T:
    """A tensor of a file. `scale` is a number, or one for each index of `axis`."""

    shape: tuple[int, ...]
    type: str = "INT8"
    scale: Any = None
    zero_point: Any = 0
    axis: int = 0
    data: Array | None = None
    name: str = ""
    is_variable: bool = False


@dataclass(frozen=True, eq=False)
class Op:
    """An operator over tensors by their place in the file's list, -1 for none."""

    builtin: str
    inputs: Sequence[int]
    outputs: Sequence[int]
    options: dict[str, Any] = field(default_factory=dict)
    table: str = ""


def constant(values: Any, dtype: Any = np.int32, **more: Any) -> T:
    array = np.asarray(values, dtype)
    return T(array.shape, np.dtype(dtype).name.upper(), data=array, **more)


def file_of(
    tensors: Sequence[T], operators: Sequence[Op], inputs: Sequence[int], outputs: Sequence[int], **model: Any
) -> bytes:
    """The bytes of a file; `model` sets fields of the model's own table."""
    import flatbuffers

    s = schema()
    graph, root = s.SubGraphT(), s.ModelT()
    root.version, root.description = 3, "test"
    root.buffers, root.operatorCodes, graph.tensors, graph.operators = [s.BufferT()], [], [], []
    for place, tensor in enumerate(tensors):
        graph.tensors.append(_tensor(s, root, tensor, tensor.name or f"t{place}"))
    codes: dict[str, int] = {}
    for op in operators:
        if op.builtin not in codes:
            codes[op.builtin] = len(codes)
            root.operatorCodes.append(_code(s, op.builtin))
        entry = s.OperatorT()
        entry.opcodeIndex = codes[op.builtin]
        entry.inputs, entry.outputs = list(op.inputs), list(op.outputs)
        if op.table:
            options = getattr(s, op.table + "T")()
            for name, value in op.options.items():
                assert hasattr(options, name), (op.table, name)
                setattr(options, name, value)
            entry.builtinOptionsType = getattr(s.BuiltinOptions, op.table)
            entry.builtinOptions = options
        graph.operators.append(entry)
    graph.inputs, graph.outputs = list(inputs), list(outputs)
    root.subgraphs = [graph]
    for name, value in model.items():
        setattr(root, name, value)
    packer = flatbuffers.Builder(1024)
    packer.Finish(root.Pack(packer), b"TFL3")
    return bytes(packer.Output())


def _code(s: Any, builtin: str) -> Any:
    code = s.OperatorCodeT()
    code.builtinCode = getattr(s.BuiltinOperator, builtin)
    code.deprecatedBuiltinCode = min(code.builtinCode, 127)
    code.version = 1
    return code


def _tensor(s: Any, root: Any, tensor: T, name: str) -> Any:
    t = s.TensorT()
    t.name, t.shape, t.hasRank = name, list(tensor.shape), True
    t.type, t.buffer, t.isVariable = getattr(s.TensorType, tensor.type), 0, tensor.is_variable
    if tensor.scale is not None:
        t.quantization = s.QuantizationParametersT()
        t.quantization.scale = np.atleast_1d(np.asarray(tensor.scale, np.float32))
        zeros = np.broadcast_to(np.asarray(tensor.zero_point, np.int64), t.quantization.scale.shape)
        t.quantization.zeroPoint = zeros.copy()
        t.quantization.quantizedDimension = tensor.axis
    if tensor.data is not None:
        buffer = s.BufferT()
        buffer.data = np.frombuffer(np.ascontiguousarray(tensor.data).tobytes(), np.uint8)
        t.buffer = len(root.buffers)
        root.buffers.append(buffer)
    return t


def with_buffers_outside(data: bytes, alignment: int = 16) -> bytes:
    """The same file with all buffers behind the flatbuffer, as writers of large models have them."""
    import flatbuffers

    s = schema()
    model = s.ModelT.InitFromPackedBuf(data, 0)
    moved = [(b, bytes(bytearray(b.data))) for b in model.buffers if b.data is not None and len(b.data)]
    for buffer, content in moved:
        buffer.data, buffer.offset, buffer.size = None, 2, len(content)

    def packed() -> bytes:
        packer = flatbuffers.Builder(1024)
        packer.Finish(model.Pack(packer), b"TFL3")
        return bytes(packer.Output())

    at = len(packed())
    for buffer, content in moved:
        buffer.offset = -(-at // alignment) * alignment
        at = buffer.offset + len(content)
    result = packed()
    for buffer, content in moved:
        result = result.ljust(buffer.offset, b"\0") + content
    return result


def retyped(data: bytes, kind: str) -> bytes:
    """The same file with all tensors of int8 that have no data of another type: real numbers where it has scales."""
    import flatbuffers

    s = schema()
    model = s.ModelT.InitFromPackedBuf(data, 0)
    for tensor in model.subgraphs[0].tensors:
        values = model.buffers[tensor.buffer].data
        if tensor.type == s.TensorType.INT8 and (values is None or not len(values)):
            tensor.type = getattr(s.TensorType, kind)
            if kind not in ("INT16", "UINT8"):
                tensor.quantization = None
            elif tensor.quantization is not None:
                tensor.quantization.zeroPoint = np.zeros(1, np.int64)
    packer = flatbuffers.Builder(1024)
    packer.Finish(model.Pack(packer), b"TFL3")
    return bytes(packer.Output())


def read(data: bytes) -> Graph:
    """The graph that mcugen reads, before any pass."""
    graph = build(read_model(data), "model.tflite")
    graph.validate()
    return graph


def ours(graph: Graph, inputs: Sequence[Array]) -> list[Array]:
    """The outputs of the integer reference, in the file's layout."""
    given = zip(graph.inputs, inputs, strict=True)
    values = run(graph, {p.tensor: to_device_layout(p, graph.tensor(p.tensor), x) for p, x in given})
    found = []
    for port in graph.outputs:
        tensor = graph.tensor(port.tensor)
        found.append(to_model_layout(port, values[port.tensor] if tensor.data is None else tensor.data))
    return found


def tflm(data: bytes, inputs: Sequence[Array]) -> list[Array]:
    """What TensorFlow Lite Micro's interpreter gives; RuntimeError where it has no such operator for these types."""
    runtime = pytest.importorskip(
        "tflite_micro.python.tflite_micro.runtime", reason="the package tflite-micro is not installed"
    )
    machine = runtime.Interpreter.from_bytes(data, arena_size=1 << 21)
    for place, values in enumerate(inputs):
        machine.set_input(np.ascontiguousarray(values), place)
    machine.invoke()
    count = read_model(data).subgraphs[0].outputs
    return [machine.get_output(place) for place in range(len(count))]


def litert(data: bytes, inputs: Sequence[Array], *, optimized: bool = False) -> list[Array]:
    """What LiteRT's interpreter gives, with its reference kernels unless `optimized`."""
    interpreter = pytest.importorskip(
        "ai_edge_litert.interpreter", reason="the package ai-edge-litert is not installed"
    )
    kinds = interpreter.OpResolverType
    kind = kinds.BUILTIN_WITHOUT_DEFAULT_DELEGATES if optimized else kinds.BUILTIN_REF
    machine = interpreter.Interpreter(model_content=data, experimental_op_resolver_type=kind)
    machine.allocate_tensors()
    for detail, values in zip(machine.get_input_details(), inputs, strict=True):
        machine.set_tensor(detail["index"], values)
    machine.invoke()
    return [machine.get_tensor(detail["index"]) for detail in machine.get_output_details()]
