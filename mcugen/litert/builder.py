"""Collects tensors, buffers and operators of a LiteRT model and packs them into a flatbuffer."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import Any

import numpy as np

from mcugen.graph.nibbles import pack_nibbles
from mcugen.graph.tensor import DTYPES, IntArray, Quantization, Tensor
from mcugen.litert.schema import schema

FILE_IDENTIFIER = b"TFL3"

# The first version of each builtin that takes int8 tensors.
OPERATOR_VERSIONS = {
    "ADD": 2,
    "AVERAGE_POOL_2D": 2,
    "BATCH_MATMUL": 2,
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
}


class ModelBuilder:
    """A LiteRT model of one subgraph under construction. Tensors are addressed by their index in the subgraph."""

    def __init__(self, name: str, states: Mapping[str, str] = MappingProxyType({})) -> None:
        """Args: states: of each state that the graph keeps, the tensor that is left for the next inference."""
        s = schema()
        self.states = states
        self.subgraph = s.SubGraphT()
        self.subgraph.name = name
        self.subgraph.tensors, self.subgraph.operators = [], []
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
            ValueError: `result` is not what the graph keeps in `state`.
        """
        if self.states.get(state.name) != result.name:
            raise ValueError(f"{state.name!r} is not a state that holds {result.name!r} after a step")
        index = self.tensor(state)
        self.subgraph.tensors[index].isVariable = True
        return index

    def variable(self, stem: str, shape: tuple[int, ...], dtype: str, quantization: Quantization | None) -> int:
        """A new tensor that an operator keeps from one inference to the next."""
        index = self._add(self._fresh(stem), shape, dtype, quantization, None)
        self.subgraph.tensors[index].isVariable = True
        return index

    def constant(self, values: Any, dtype: str, quantization: Quantization | None = None) -> int:
        """A new constant from anything NumPy makes an array of."""
        data: IntArray = np.asarray(values, dtype=DTYPES[dtype])
        return self._add(self._fresh("constant"), data.shape, dtype, quantization, data)

    def operator(self, builtin: str, inputs: Sequence[int], outputs: Sequence[int], options: Any = None) -> None:
        """Appends an operator. `options` is an object of the schema's options table, such as Conv2DOptionsT."""
        s = schema()
        op = s.OperatorT()
        op.opcodeIndex = self.codes.setdefault(builtin, len(self.codes))
        op.inputs, op.outputs = list(inputs), list(outputs)
        if options is not None:
            op.builtinOptionsType = getattr(s.BuiltinOptions, type(options).__name__.removesuffix("T"))
            op.builtinOptions = options
        self.subgraph.operators.append(op)

    def finish(self, inputs: Sequence[Tensor], outputs: Sequence[Tensor]) -> bytes:
        """The model file."""
        import flatbuffers

        s = schema()
        self.subgraph.inputs = [self.tensor(t) for t in inputs]
        self.subgraph.outputs = [self.tensor(t) for t in outputs]
        model = s.ModelT()
        model.version = 3
        model.description = "mcugen"
        model.subgraphs, model.buffers = [self.subgraph], self.buffers
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
            buffer = s.BufferT()
            stored = pack_nibbles(data) if dtype == "int4" else data
            little_endian = np.ascontiguousarray(stored).astype(stored.dtype.newbyteorder("<"))
            buffer.data = np.frombuffer(little_endian.tobytes(), np.uint8)
            t.buffer = len(self.buffers)
            self.buffers.append(buffer)
        self.subgraph.tensors.append(t)
        return len(self.subgraph.tensors) - 1
