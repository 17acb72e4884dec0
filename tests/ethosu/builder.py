"""LiteRT models of any types, written with the schema's object API, for the compiler and the interpreter."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from mcugen.litert.schema import schema

_FIRST_VERSION = ("HARD_SWISH", "RESHAPE")
TYPES = {np.int8: "INT8", np.uint8: "UINT8", np.int16: "INT16", np.int32: "INT32", np.int64: "INT64"}


class Model:
    """A model under construction: tensors by their index."""

    def __init__(self) -> None:
        s = schema()
        self.graph = s.SubGraphT()
        self.graph.tensors, self.graph.operators = [], []
        self.buffers = [s.BufferT()]
        self.codes: list[str] = []
        self.inputs: list[int] = []

    def tensor(
        self,
        shape: Sequence[int],
        dtype: type,
        scale: Any = None,
        zero_point: Any = 0,
        data: npt.NDArray | None = None,
        axis: int = 0,
    ) -> int:
        """A tensor; with data, a constant."""
        s = schema()
        t = s.TensorT()
        t.name, t.shape, t.hasRank = f"t{len(self.graph.tensors)}", [int(n) for n in shape], True
        t.type = getattr(s.TensorType, TYPES[dtype])
        if scale is not None:
            t.quantization = s.QuantizationParametersT()
            t.quantization.scale = np.atleast_1d(np.asarray(scale, np.float32))
            t.quantization.zeroPoint = np.broadcast_to(np.asarray(zero_point, np.int64), t.quantization.scale.shape)
            t.quantization.quantizedDimension = axis
        t.buffer = 0
        if data is not None:
            buffer = s.BufferT()
            buffer.data = np.frombuffer(np.ascontiguousarray(data, dtype).tobytes(), np.uint8)
            t.buffer = len(self.buffers)
            self.buffers.append(buffer)
        self.graph.tensors.append(t)
        return len(self.graph.tensors) - 1

    def input(self, shape: Sequence[int], dtype: type, scale: float, zero_point: int) -> int:
        self.inputs.append(self.tensor(shape, dtype, scale, zero_point))
        return self.inputs[-1]

    def constant(self, values: Any, dtype: type = np.int32) -> int:
        values = np.asarray(values)
        return self.tensor(values.shape, dtype, data=values)

    def operator(self, builtin: str, inputs: Sequence[int], outputs: Sequence[int], **options: Any) -> None:
        """An operator; `table`: the options' table, the rest its fields."""
        s = schema()
        op = s.OperatorT()
        if builtin not in self.codes:
            self.codes.append(builtin)
        op.opcodeIndex = self.codes.index(builtin)
        op.inputs, op.outputs = list(inputs), list(outputs)
        table = options.pop("table", None)
        if table is not None:
            op.builtinOptionsType = getattr(s.BuiltinOptions, table)
            op.builtinOptions = getattr(s, table + "T")()
            for name, value in options.items():
                assert hasattr(op.builtinOptions, name), f"{table} has no {name}"
                setattr(op.builtinOptions, name, value)
        self.graph.operators.append(op)

    def finish(self, outputs: Sequence[int]) -> bytes:
        import flatbuffers

        s = schema()
        self.graph.inputs, self.graph.outputs = self.inputs, list(outputs)
        model = s.ModelT()
        model.version, model.subgraphs, model.buffers, model.operatorCodes = 3, [self.graph], self.buffers, []
        for name in self.codes:
            code = s.OperatorCodeT()
            code.builtinCode = getattr(s.BuiltinOperator, name)
            code.deprecatedBuiltinCode, code.version = min(code.builtinCode, 127), 1 if name in _FIRST_VERSION else 2
            model.operatorCodes.append(code)
        packer = flatbuffers.Builder(1024)
        packer.Finish(model.Pack(packer), b"TFL3")
        return bytes(packer.Output())


def run_litert(model: bytes, inputs: Sequence[npt.NDArray]) -> list[npt.NDArray]:
    """The outputs of LiteRT's reference kernels."""
    from ai_edge_litert import interpreter

    machine = interpreter.Interpreter(
        model_content=model, experimental_op_resolver_type=interpreter.OpResolverType.BUILTIN_REF
    )
    machine.allocate_tensors()
    for values, detail in zip(inputs, machine.get_input_details(), strict=True):
        machine.set_tensor(detail["index"], values)
    machine.invoke()
    return [machine.get_tensor(detail["index"]) for detail in machine.get_output_details()]
