"""The graph under construction: a file's tensors as the IR's, and operators appended in order."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from mcugen.errors import UnsupportedOperatorError
from mcugen.frontend.litert.held import Held
from mcugen.frontend.litert.model import FileTensor, Model, Subgraph
from mcugen.graph.nibbles import unpack_nibbles
from mcugen.graph.ops.base import Operator
from mcugen.graph.tensor import DTYPES, IntArray, Quantization, Tensor
from mcugen.litert.names import Names

DTYPE_OF = {
    "BOOL": "bool",
    "INT4": "int4",
    "INT8": "int8",
    "INT16": "int16",
    "INT32": "int32",
    "INT64": "int64",
    "UINT8": "uint8",
}
"""Types of tensors that the IR has as they are."""


@dataclass(eq=False)
class Network:
    """A graph under construction.

    Attributes:
        file: the file's name, for messages.
        values: what tensors of the subgraph at hand are in the graph, by index; constants are added as they are used.
        reals: float tensors that stand for quantized ones: results of DEQUANTIZE, by index.
        interpret: appends the operators of the subgraph at hand to the network that it gets.
        rows: what turns an operator of a name into those of the graph.
        held: what the network keeps from one inference to the next.
        names: what mcugen itself has written into the file; None where it has not.
    """

    file: str
    model: Model
    subgraph: Subgraph
    interpret: Callable[[Network], None]
    rows: Mapping[str, Callable[[Any], None]] = field(default_factory=dict)
    tensors: dict[str, Tensor] = field(default_factory=dict)
    operators: list[Operator] = field(default_factory=list)
    values: dict[int, Tensor] = field(default_factory=dict)
    reals: dict[int, Tensor] = field(default_factory=dict)
    operator_names: set[str] = field(default_factory=set)
    held: Held = field(default_factory=Held)
    names: Names | None = None

    def unique(self, stem: str) -> str:
        """A name that no tensor has yet."""
        name, count = stem, 1
        while name in self.tensors:
            count += 1
            name = f"{stem}_{count}"
        return name

    def unique_operator(self, stem: str) -> str:
        """A name that no operator has yet, and from now on one has."""
        name, count = stem, 1
        while name in self.operator_names:
            count += 1
            name = f"{stem}_{count}"
        self.operator_names.add(name)
        return name

    def add(self, stem: str, shape: tuple[int, ...], dtype: str, q: Quantization | None, data: Any = None) -> Tensor:
        """A new tensor of the graph, with a name like `stem`."""
        stem = stem.split(";")[0]  # TensorFlow lists all operators that it has fused
        array = None if data is None else np.ascontiguousarray(data, DTYPES[dtype]).reshape(shape)
        tensor = Tensor(self.unique(stem), shape, dtype, q, array)
        self.tensors[tensor.name] = tensor
        return tensor

    def append(self, op: Operator) -> None:
        """Appends an operator that keeps its own rules.

        Raises:
            ValueError: it does not.
        """
        op.validate([self.tensors[n] for n in op.inputs], [self.tensors[n] for n in op.outputs])
        self.operators.append(op)

    def activation(self, tensor: FileTensor) -> Tensor:
        """A new value in the graph with the type, shape and quantization of a file's tensor."""
        return self.add(tensor.name, tensor.shape, self.dtype(tensor), self.quantization(tensor))

    def dtype(self, tensor: FileTensor) -> str:
        """The IR's type of a file's tensor.

        Raises:
            UnsupportedOperatorError: it has none.
        """
        if tensor.type not in DTYPE_OF:
            raise UnsupportedOperatorError(
                f"{tensor} is {tensor.type}",
                where=self.file,
                hint=FLOAT_HINT
                if tensor.type.startswith("FLOAT")
                else "quantize the model to int8 when it is converted",
            )
        return DTYPE_OF[tensor.type]

    def quantization(self, tensor: FileTensor) -> Quantization | None:
        """The IR's form of a tensor's scales.

        Raises:
            ValueError: a scale is not finite and positive; the text names the tensor.
        """
        q = tensor.quantization
        if q is None or tensor.type in ("BOOL", "INT64"):
            return None
        bits = 8 * DTYPES[self.dtype(tensor)].itemsize
        try:
            if len(q.scales) == 1:
                return Quantization.per_tensor(float(q.scales[0]), int(q.zero_points[0]), bits)
            return Quantization(tuple(q.scales.tolist()), tuple(q.zero_points.tolist()), q.axis)
        except ValueError as error:
            raise ValueError(f"{tensor}: {error}") from error

    def scale(self, tensor: FileTensor) -> float | None:
        """The one scale of a file's tensor; None where it has none, or several."""
        q = tensor.quantization
        return float(q.scales[0]) if q is not None and len(q.scales) == 1 else None

    def data(self, tensor: FileTensor) -> IntArray | None:
        """The values of a constant; None where the file has none.

        Raises:
            ValueError: its buffer has fewer bytes than its shape says; more are passed over, as by interpreters.
        """
        if not len(tensor.data) and tensor.elements:
            return None
        dtype = self.dtype(tensor)
        native = DTYPES[dtype]
        array_type = native.newbyteorder("<")
        size = (tensor.elements + 1) // 2 if dtype == "int4" else tensor.elements * native.itemsize
        if size > len(tensor.data):
            raise ValueError(f"{tensor} of shape {list(tensor.shape)} has {len(tensor.data)} bytes of {tensor.type}")
        if dtype == "int4":
            return unpack_nibbles(np.frombuffer(tensor.data[:size], np.uint8), tensor.elements).reshape(tensor.shape)
        values: IntArray = np.frombuffer(tensor.data[:size], array_type).reshape(tensor.shape).astype(native)
        return values

    def value(self, index: int) -> Tensor:
        """What a tensor of the subgraph is in the graph: what an operator made, an input, or a constant.

        Raises:
            ValueError: nothing writes it and it has no data.
        """
        if index not in self.values:
            tensor = self.subgraph.tensors[index]
            values = self.data(tensor)
            if values is None or tensor.is_variable:
                raise ValueError(f"{tensor} is read, but no operator writes it and it has no data")
            self.values[index] = self.add(
                tensor.name, tensor.shape, self.dtype(tensor), self.quantization(tensor), values
            )
        return self.values[index]


FLOAT_HINT = (
    "convert the model with full integer quantization: in TensorFlow's converter set optimizations = "
    "[tf.lite.Optimize.DEFAULT], a representative_dataset and target_spec.supported_ops = "
    "[tf.lite.OpsSet.TFLITE_BUILTINS_INT8]; or give mcugen the float PyTorch program (.pt2) with --calibration"
)

OTHERWISE_HINT = (
    "convert the model again, with the layer in another form (`mcugen ops` lists what there is); "
    "or give mcugen the float PyTorch program (.pt2) with --calibration"
)
"""For what the file's operators break that has no remedy of its own."""
