"""LiteRT files with the custom operator `ethos-u`: made by hand, so that one thing in them can be wrong."""

from __future__ import annotations

import struct
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from mcugen.litert.schema import schema
from tests.ethosu.assembler import IDENTITY, U55_128, Step, assemble, pool
from tests.frontend.litert.files import Op, T, file_of

SHAPE = (2, 3, 4)
_IN, _OUT = 0, 32
COPY: tuple[Step, ...] = (pool(SHAPE, _IN, _OUT), ("OP_POOL", 0))


def payload(*steps: Step, config: int = U55_128) -> bytes:
    """A COP1 payload: configuration, then the stream."""
    words = assemble(*steps)
    head = (1, config, IDENTITY, 2 | len(words) << 16)
    return b"COP1" + struct.pack(f"<{len(head) + len(words)}I", *head, *words)


@dataclass(frozen=True)
class ByHand:
    """A network of one stream, which copies its input; each field can be wrong.

    Attributes:
        maps: types, shapes and offsets in the arena of inputs and outputs; with data, a constant.
        allocation: the numbers of the metadata; None: none; "right": as they should be.
    """

    stream: bytes = field(default_factory=lambda: payload(*COPY))
    constants: bytes = bytes(64)
    scratch: int = 64
    inputs: Sequence[tuple[T, int]] = ((T((1, *SHAPE), scale=0.1, name="x"), _IN),)
    outputs: Sequence[tuple[T, int]] = ((T((1, *SHAPE), scale=0.1, name="y"), _OUT),)
    operands: Callable[[list[int]], list[int]] = list
    allocation: Sequence[int] | str | None = "right"

    def file(self) -> bytes:
        def constant(data: bytes, name: str) -> T:
            return T((len(data),), "UINT8", data=np.frombuffer(data, np.uint8), name=name)

        tensors = [constant(self.stream, "stream"), constant(self.constants, "read_only")]
        tensors.append(T((self.scratch,), "UINT8", name="scratch"))
        first = len(tensors)
        tensors += [tensor for tensor, _ in (*self.inputs, *self.outputs)]
        inputs = list(range(first, first + len(self.inputs)))
        outputs = list(range(first + len(inputs), len(tensors)))
        offsets = [-1, -1, 0, *(offset for _, offset in (*self.inputs, *self.outputs))]
        given = [k for k in inputs if tensors[k].data is None and not tensors[k].is_variable]
        op = Op("CUSTOM", self.operands([0, 1, 2, 2, *inputs]), outputs)
        right = [0, 1, len(tensors), *offsets]
        return with_metadata(
            file_of(tensors, [op], given, outputs), right if self.allocation == "right" else self.allocation
        )


def with_metadata(file: bytes, allocation: Sequence[int] | str | None) -> bytes:
    """The file with its custom operators called `ethos-u`, and with what Vela says of tensors' places."""
    s = schema()

    def change(root: Any) -> None:
        for code in root.operatorCodes:
            if code.builtinCode == s.BuiltinOperator.CUSTOM:
                code.customCode = "ethos-u"
        if allocation is None:
            return
        buffer, entry = s.BufferT(), s.MetadataT()
        buffer.data = np.frombuffer(np.asarray(allocation, np.int32).tobytes(), np.uint8)
        entry.name, entry.buffer = "OfflineMemoryAllocation", len(root.buffers)
        root.buffers.append(buffer)
        root.metadata = [entry]

    return changed(file, change)


def changed(file: bytes, change: Callable[[Any], None]) -> bytes:
    """The file after a change of its tables."""
    import flatbuffers

    root = schema().ModelT.InitFromPackedBuf(file, 0)
    change(root)
    packer = flatbuffers.Builder(1024)
    packer.Finish(root.Pack(packer), b"TFL3")
    return bytes(packer.Output())


def append_softmax(file: bytes) -> bytes:
    """A compiled file whose output goes through a SOFTMAX for the CPU."""
    s = schema()

    def change(root: Any) -> None:
        graph = root.subgraphs[0]
        last, out = graph.tensors[graph.outputs[0]], s.TensorT()
        out.name, out.shape, out.type, out.buffer, out.hasRank = "shares", list(last.shape), last.type, 0, True
        out.quantization = s.QuantizationParametersT()
        out.quantization.scale, out.quantization.zeroPoint = [1 / 256], [-128]
        code, op = s.OperatorCodeT(), s.OperatorT()
        code.builtinCode = code.deprecatedBuiltinCode = s.BuiltinOperator.SOFTMAX
        code.version = 2
        op.opcodeIndex, op.inputs, op.outputs = len(root.operatorCodes), [graph.outputs[0]], [len(graph.tensors)]
        op.builtinOptionsType, op.builtinOptions = s.BuiltinOptions.SoftmaxOptions, s.SoftmaxOptionsT()
        op.builtinOptions.beta = 1.0
        root.operatorCodes.append(code)
        graph.tensors.append(out)
        graph.operators.append(op)
        graph.outputs = [len(graph.tensors) - 1]
        for entry in root.metadata:
            if entry.name == b"OfflineMemoryAllocation":
                buffer = root.buffers[entry.buffer]
                numbers = np.frombuffer(np.asarray(buffer.data, np.uint8).tobytes(), "<i4").copy()
                numbers[2] += 1
                buffer.data = np.frombuffer(np.append(numbers, np.int32(-1)).astype("<i4").tobytes(), np.uint8)

    return changed(file, change)
