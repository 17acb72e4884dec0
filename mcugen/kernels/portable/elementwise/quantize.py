"""float32 at a network's borders, on any CPU, with floating-point unit or without."""

from __future__ import annotations

import math
from typing import ClassVar

import numpy as np

from mcugen.boards.board import Cpu
from mcugen.graph.graph import Graph
from mcugen.graph.ops.base import Operator
from mcugen.graph.ops.elementwise.quantize import Dequantize, Quantize
from mcugen.graph.quantization import reciprocal
from mcugen.graph.tensor import DTYPES, Tensor
from mcugen.kernels.base import Constant, Invocation
from mcugen.kernels.portable.common import PortableKernel, operands
from mcugen.kernels.portable.elementwise.integer import byte_constants


class QuantizePortable(PortableKernel):
    """mcugen_quantize, or mcugen_quantize_channels."""

    name: ClassVar[str] = "quantize.portable"
    operator: ClassVar[type[Operator]] = Quantize
    wide: ClassVar[bool] = True

    def supports(self, op: Operator, graph: Graph, cpu: Cpu) -> bool:
        return isinstance(op, Quantize)

    def invoke(self, op: Operator, graph: Graph) -> Invocation:
        assert isinstance(op, Quantize)
        out = graph.tensor(op.outputs[0])
        lowest, highest = out.integer_range
        function = "quantize" if op.axis is None else "quantize_channels"
        return Invocation(
            kernel=self.name,
            function=f"mcugen_{function}",
            source=f"portable/elementwise/{function}.c",
            params_type=f"mcugen_{function}_params",
            params=_extent(op, out)
            | {
                "output_bytes": DTYPES[out.dtype].itemsize,
                "reciprocal": _bits(reciprocal(op.quantization(out).scale)),
                "zero_point": out.zero_point,
                "lowest": lowest,
                "highest": highest,
            },
            inputs=op.inputs,
            constants=() if op.axis is None else _channels(op),
            outputs=op.outputs,
            as_bytes=True,
        )

    def cost(self, op: Operator, graph: Graph) -> float:
        return 30.0 * graph.tensor(op.outputs[0]).elements


class DequantizePortable(PortableKernel):
    """mcugen_dequantize."""

    name: ClassVar[str] = "dequantize.portable"
    operator: ClassVar[type[Operator]] = Dequantize
    wide: ClassVar[bool] = True

    def supports(self, op: Operator, graph: Graph, cpu: Cpu) -> bool:
        return isinstance(op, Dequantize)

    def invoke(self, op: Operator, graph: Graph) -> Invocation:
        given = operands(op, graph)
        (x,) = given.tensors
        return Invocation(
            kernel=self.name,
            function="mcugen_dequantize",
            source="portable/elementwise/dequantize.c",
            params_type="mcugen_dequantize_params",
            params={
                "elements": x.elements,
                "input_bytes": DTYPES[x.dtype].itemsize,
                "input_mask": 255 if x.dtype == "uint8" else -1,
                "scale": _bits(np.float32(x.scale)),
                "zero_point": x.zero_point,
            },
            inputs=given.inputs,
            constants=byte_constants(given.constants),
            outputs=op.outputs,
            as_bytes=True,
        )

    def cost(self, op: Operator, graph: Graph) -> float:
        return 10.0 * graph.tensor(op.outputs[0]).elements


def _bits(value: np.float32) -> int:
    return int(value.view(np.int32))


def _extent(op: Quantize, tensor: Tensor) -> dict[str, int | tuple[int, ...]]:
    if op.axis is None:
        return {"elements": tensor.elements}
    return {
        "images": math.prod(tensor.shape[: op.axis]),
        "channels": tensor.shape[op.axis],
        "pixels": math.prod(tensor.shape[op.axis + 1 :]),
    }


def _channels(op: Quantize) -> tuple[Constant, ...]:
    roles = (("factors", op.factors), ("offsets", op.offsets))
    return tuple(Constant(role, np.array(values, np.float32).view(np.int8)) for role, values in roles)
