"""Collects tensors, buffers and operators of a LiteRT model and packs them into a flatbuffer."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from types import MappingProxyType
from typing import Any

import numpy as np
import numpy.typing as npt

from mcugen.errors import UnsupportedOperatorError
from mcugen.graph.graph import State
from mcugen.graph.nibbles import pack_nibbles
from mcugen.graph.ops.base import Operator
from mcugen.graph.tensor import DTYPES, IntArray, Quantization, Tensor
from mcugen.litert.schema import schema

FILE_IDENTIFIER = b"TFL3"
SIGNATURE = "serving_default"
"""What converters call the only signature of a model."""

# The first version of each builtin that takes int8 tensors.
OPERATOR_VERSIONS = {
    "ADD": 2,
    "ASSIGN_VARIABLE": 1,
    "AVERAGE_POOL_2D": 2,
    "BATCH_MATMUL": 2,
    "CALL_ONCE": 1,
    "CAST": 1,
    "CONCATENATION": 2,
    "CONV_2D": 3,
    "DEPTHWISE_CONV_2D": 3,
    "FULLY_CONNECTED": 5,
    "GATHER": 2,
    "HARD_SWISH": 1,
    "LEAKY_RELU": 2,
    "LOGISTIC": 2,
    "MAXIMUM": 2,
    "MAX_POOL_2D": 2,
    "MEAN": 2,
    "MINIMUM": 2,
    "MUL": 2,
    "PAD": 2,
    "PADV2": 2,
    "PRELU": 1,
    "QUANTIZE": 2,
    "READ_VARIABLE": 1,
    "REDUCE_MAX": 2,
    "REDUCE_MIN": 2,
    "RESHAPE": 1,
    "RESIZE_NEAREST_NEIGHBOR": 2,
    "SOFTMAX": 2,
    "STRIDED_SLICE": 2,
    "SUB": 2,
    "SUM": 2,
    "SVDF": 3,
    "TANH": 2,
    "TRANSPOSE": 2,
    "TRANSPOSE_CONV": 3,
    "UNIDIRECTIONAL_SEQUENCE_LSTM": 3,
    "VAR_HANDLE": 1,
}


class ModelBuilder:
    """A LiteRT model of one subgraph under construction. Tensors are addressed by their index in the subgraph."""

    def __init__(self, name: str, states: Mapping[str, State] = MappingProxyType({})) -> None:
        """Args: states: that the graph keeps, by the tensor that an inference reads."""
        s = schema()
        self.states = states
        # The operator that is being written, and which ones have been, by their index in the file.
        self.current: Operator | None = None
        self.written: dict[int, Operator] = {}
        self.main = self.subgraph = _subgraph(name)
        self.subgraphs = [self.main]
        # Buffer 0 is the empty one that all activations name.
        self.buffers = [s.BufferT()]
        self.codes: dict[str, int] = {}
        self._tensors: dict[str, int] = {}
        self._unique = 0

    def tensor(self, tensor: Tensor) -> int:
        """The index of an IR tensor, added on first use."""
        if tensor.name not in self._tensors:
            self._tensors[tensor.name] = self._add(
                tensor.name, tensor.shape, tensor.dtype, tensor.quantization, tensor.data
            )
        return self._tensors[tensor.name]

    def temporary(self, like: Tensor, shape: tuple[int, ...] | None = None) -> int:
        """A new activation with the type and quantization of another tensor."""
        return self._add(self._fresh(like.name), shape or like.shape, like.dtype, like.quantization, None)

    def kept(self, state: Tensor, result: Tensor) -> int:
        """The index of a state that an operator itself keeps from one inference to the next.

        Raises:
            UnsupportedOperatorError: that is not what the graph keeps, or it starts with something else than zeros.
        """
        found = self.states.get(state.name)
        if found is None or found.result != result.name or (found.initial != state.zero_point).any():
            op = self.current
            raise UnsupportedOperatorError(
                f"LiteRT has the layer with a state of its own, which starts from zeros; {state.name!r} is none",
                where=f"{op.name}: {op.origin}" if op else None,
            )
        index = self.tensor(state)
        self.main.tensors[index].isVariable = True
        return index

    def variable(self, stem: str, shape: tuple[int, ...], dtype: str, quantization: Quantization | None) -> int:
        """A new tensor that an operator keeps from one inference to the next."""
        index = self._add(self._fresh(stem), shape, dtype, quantization, None)
        self.subgraph.tensors[index].isVariable = True
        return index

    def handle(self, name: str) -> int:
        """A new tensor that refers to the variable of this name; VAR_HANDLE is appended."""
        s = schema()
        index = self._add(self._fresh(name), (1,), "int32", None, None)
        self.subgraph.tensors[index].type = s.TensorType.RESOURCE
        options = s.VarHandleOptionsT()
        options.container, options.sharedName = "", name
        self.operator("VAR_HANDLE", [], [index], options, beside=True)
        return index

    @contextmanager
    def another_subgraph(self, name: str) -> Iterator[int]:
        """What is appended goes to a new subgraph, whose index this gives; its tensors are its own."""
        before, known = self.subgraph, self._tensors
        self.subgraph, self._tensors = _subgraph(name), {}
        self.subgraphs.append(self.subgraph)
        try:
            yield len(self.subgraphs) - 1
        finally:
            self.subgraph, self._tensors = before, known

    def constant(self, values: Any, dtype: str, quantization: Quantization | None = None) -> int:
        """A new constant from anything NumPy makes an array of."""
        data: IntArray = np.asarray(values, dtype=DTYPES[dtype])
        return self._add(self._fresh("constant"), data.shape, dtype, quantization, data)

    def operator(
        self, builtin: str, inputs: Sequence[int], outputs: Sequence[int], options: Any = None, beside: bool = False
    ) -> None:
        """Appends an operator.

        Args:
            options: an object of the schema's options table, such as Conv2DOptionsT.
            beside: it is not the one that the graph's operator is, but helps it.
        """
        s = schema()
        if self.current is not None and not beside:
            self.written[len(self.subgraph.operators)] = self.current
            self.current = None
        op = s.OperatorT()
        op.opcodeIndex = self.codes.setdefault(builtin, len(self.codes))
        op.inputs, op.outputs = list(inputs), list(outputs)
        if options is not None:
            op.builtinOptionsType = getattr(s.BuiltinOptions, type(options).__name__.removesuffix("T"))
            op.builtinOptions = options
        self.subgraph.operators.append(op)

    def finish(
        self,
        inputs: Sequence[Tensor],
        outputs: Sequence[Tensor],
        names: tuple[Sequence[str], Sequence[str]] | None = None,
        metadata: Mapping[str, str] = MappingProxyType({}),
    ) -> bytes:
        """The model file.

        Args:
            names: of inputs and outputs in the file's signature; None: it has none.
            metadata: texts by name.
        """
        import flatbuffers

        s = schema()
        self.main.inputs = [self.tensor(t) for t in inputs]
        self.main.outputs = [self.tensor(t) for t in outputs]
        model = s.ModelT()
        model.version = 3
        model.description = "mcugen"
        if names is not None:
            model.signatureDefs = [self._signature(names)]
        model.metadata = []
        for name, text in metadata.items():
            entry = s.MetadataT()
            entry.name, entry.buffer = name, self._buffer(np.frombuffer(text.encode(), np.uint8))
            model.metadata.append(entry)
        model.subgraphs, model.buffers = self.subgraphs, self.buffers
        model.operatorCodes = [self._code(name) for name in self.codes]
        packer = flatbuffers.Builder(1024)
        packer.Finish(model.Pack(packer), FILE_IDENTIFIER)
        return bytes(packer.Output())

    def _code(self, builtin: str) -> Any:
        s = schema()
        code = s.OperatorCodeT()
        code.builtinCode = getattr(s.BuiltinOperator, builtin)
        # Readers older than the wide field look here; codes above 127 read as the placeholder 127.
        code.deprecatedBuiltinCode = min(code.builtinCode, 127)
        code.version = OPERATOR_VERSIONS[builtin]
        return code

    def _signature(self, names: tuple[Sequence[str], Sequence[str]]) -> Any:
        s = schema()
        signature = s.SignatureDefT()
        signature.signatureKey, signature.subgraphIndex = SIGNATURE, 0
        signature.inputs, signature.outputs = (
            [self._port(name, index) for name, index in zip(of, indices, strict=True)]
            for of, indices in zip(names, (self.main.inputs, self.main.outputs), strict=True)
        )
        return signature

    def _port(self, name: str, index: int) -> Any:
        entry = schema().TensorMapT()
        entry.name, entry.tensorIndex = name, index
        return entry

    def _buffer(self, data: npt.NDArray[np.uint8]) -> int:
        buffer = schema().BufferT()
        buffer.data = data
        self.buffers.append(buffer)
        return len(self.buffers) - 1

    def _fresh(self, stem: str) -> str:
        self._unique += 1
        return f"{stem}/{self._unique}"

    def _add(
        self,
        name: str,
        shape: tuple[int, ...],
        dtype: str,
        quantization: Quantization | None,
        data: IntArray | None,
    ) -> int:
        s = schema()
        t = s.TensorT()
        t.name, t.shape, t.hasRank = name, list(shape), True
        t.type = getattr(s.TensorType, dtype.upper())
        if quantization is not None:
            t.quantization = s.QuantizationParametersT()
            t.quantization.scale = np.array(quantization.scales, np.float32)
            t.quantization.zeroPoint = np.array(quantization.zero_points, np.int64)
            t.quantization.quantizedDimension = quantization.axis or 0
        t.buffer = 0
        if data is not None:
            stored = pack_nibbles(data) if dtype == "int4" else data
            little_endian = np.ascontiguousarray(stored).astype(stored.dtype.newbyteorder("<"))
            t.buffer = self._buffer(np.frombuffer(little_endian.tobytes(), np.uint8))
        self.subgraph.tensors.append(t)
        return len(self.subgraph.tensors) - 1


def _subgraph(name: str) -> Any:
    subgraph = schema().SubGraphT()
    subgraph.name = name
    subgraph.tensors, subgraph.operators = [], []
    subgraph.inputs, subgraph.outputs = [], []
    return subgraph
