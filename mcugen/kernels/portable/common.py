"""What the kernels of the portable library share."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import ClassVar, NamedTuple

import numpy as np

from mcugen.boards.board import Cpu
from mcugen.graph.graph import Graph
from mcugen.graph.ops.base import Operator
from mcugen.graph.tensor import IntArray, Tensor
from mcugen.kernels.base import Constant, Invocation, Kernel


class PortableKernel(Kernel):
    """Runs on every CPU. Subclasses that cannot take every form of their operator say so in `fits` and `limits`."""

    library: ClassVar[str] = "portable"

    def supports(self, op: Operator, graph: Graph, cpu: Cpu) -> bool:
        if not isinstance(op, self.operator):
            return False
        activations = [t for t in (*graph.input_tensors(op), *graph.output_tensors(op)) if not t.is_constant]
        types = ("int8", "int16") if self.wide else ("int8",)
        return (self.any_type or all(t.dtype in types for t in activations)) and self.fits(op, graph)

    def fits(self, op: Operator, graph: Graph) -> bool:
        """True when shapes and attributes are among those that the C function takes. `op` is of the right kind."""
        return True


class AnotherFunction(PortableKernel):
    """A portable kernel's parameters, constants and overlaps with another C function: put before that kernel's class.

    `own_function` and `source` are the C function's; `cost` is its own.
    """

    own_function: ClassVar[str]
    source: ClassVar[str]

    def invoke(self, op: Operator, graph: Graph) -> Invocation:
        portable = super().invoke(op, graph)  # type: ignore[safe-super]  # of the class behind this one
        return replace(portable, function=self.own_function, source=self.source)


class Operands(NamedTuple):
    """The input tensors of an operator in call order: activations first, then constants as they are.

    Attributes:
        tensors: in call order.
        inputs: names of the activations.
        constants: the others.
    """

    tensors: tuple[Tensor, ...]
    inputs: tuple[str, ...]
    constants: tuple[Constant, ...]


def operands(op: Operator, graph: Graph) -> Operands:
    """For operators that do not care which of their inputs are constant: a constant is stored unpacked."""
    tensors = graph.input_tensors(op)
    activations = [t for t in tensors if t.data is None]
    constant = [t for t in tensors if t.data is not None]
    arrays = tuple(
        Constant(f"constant{i}", flat(t.data), t.data.itemsize) for i, t in enumerate(constant) if t.data is not None
    )
    return Operands((*activations, *constant), tuple(t.name for t in activations), arrays)


def flat(data: IntArray) -> IntArray:
    return np.ascontiguousarray(data).reshape(-1)


def pad_front(values: Sequence[int], rank: int, fill: int) -> tuple[int, ...]:
    """`values` with `fill` before them, `rank` in all."""
    return (*([fill] * (rank - len(values))), *values)


def two_words(name: str, value: int) -> dict[str, int]:
    """A 64-bit number as two int32 fields, name_high and name_low."""
    low = value & 0xFFFFFFFF
    return {f"{name}_high": value >> 32, f"{name}_low": low - (1 << 32) if low >= 1 << 31 else low}
