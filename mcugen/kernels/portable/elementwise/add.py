"""Addition and subtraction on any CPU: by arithmetic, and by tables."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

import numpy as np

from mcugen.graph.arithmetic import multiply_by_quantized_multiplier
from mcugen.graph.graph import Graph
from mcugen.graph.ops.base import Operator
from mcugen.graph.ops.elementwise.add import Add, AddRequantization, Sub, Sum
from mcugen.graph.tensor import IntArray, Tensor
from mcugen.kernels.base import Constant, Invocation
from mcugen.kernels.portable.broadcast import RANK, broadcast, in_place
from mcugen.kernels.portable.common import PortableKernel, operands
from mcugen.kernels.requantization import is_fast


class _AddKernel(PortableKernel):
    operator: ClassVar[type[Operator]] = Add
    limits: ClassVar[str] = f"broadcasting over at most {RANK} groups of axes"

    def fits(self, op: Operator, graph: Graph) -> bool:
        first, second = (t.shape for t in operands(op, graph).tensors)
        return len(broadcast(first, second, graph.tensor(op.outputs[0]).shape).shape) <= RANK


class AddPortable(_AddKernel):
    """mcugen_add_s8. A sum does not care for the order of its terms, so a constant is always the second."""

    name: ClassVar[str] = "add_s8.portable"

    def invoke(self, op: Operator, graph: Graph) -> Invocation:
        assert isinstance(op, Sum)
        given, out = operands(op, graph), graph.tensor(op.outputs[0])
        q = op.requantization(graph.input_tensors(op), [out])
        first, second = _terms(op, graph, q)
        return Invocation(
            kernel=self.name,
            function="mcugen_add_s8",
            source="portable/elementwise/add_s8.c",
            params_type="mcugen_add_params",
            params={
                **broadcast(given.tensors[0].shape, given.tensors[1].shape, out.shape).params(),
                "output_zero_point": out.zero_point,
                "output_multiplier": q.output_multiplier,
                "output_shift": q.output_shift,
                "clamp_min": op.clamp[0],
                "clamp_max": op.clamp[1],
                "left_shift": q.left_shift,
                "input0_zero_point": given.tensors[0].zero_point,
                "input0_multiplier": first[0],
                "input0_shift": first[1],
                "input1_zero_point": given.tensors[1].zero_point,
                "input1_multiplier": second[0],
                "input1_shift": second[1],
            },
            inputs=given.inputs,
            constants=given.constants,
            outputs=(out.name,),
            overlaps=in_place(given.tensors, given.inputs, out),
        )

    def cost(self, op: Operator, graph: Graph) -> float:
        return 42.0 * graph.tensor(op.outputs[0]).elements


class AddTablePortable(_AddKernel):
    """mcugen_add_table_s8: half the time for two kilobytes of tables (one, if scale and zero point agree)."""

    name: ClassVar[str] = "add_table_s8.portable"

    def invoke(self, op: Operator, graph: Graph) -> Invocation:
        assert isinstance(op, Sum)
        given, out = operands(op, graph), graph.tensor(op.outputs[0])
        q = op.requantization(graph.input_tensors(op), [out])
        tables = element_tables(op, graph)
        fast = sums_are_fast(tables, q, out.zero_point)
        return Invocation(
            kernel=self.name,
            function="mcugen_add_table_s8",
            source="portable/elementwise/add_table_s8.c",
            params_type="mcugen_add_table_params",
            params={
                **broadcast(given.tensors[0].shape, given.tensors[1].shape, out.shape).params(),
                "output_zero_point": out.zero_point,
                "output_multiplier": 2 * q.output_multiplier - (1 << 32) if fast else q.output_multiplier,
                "output_shift": -q.output_shift if fast else q.output_shift,
                "clamp_min": op.clamp[0],
                "clamp_max": op.clamp[1],
                "general_requantization": int(not fast),
            },
            inputs=given.inputs,
            constants=(*given.constants, *(Constant(f"table{i}", t) for i, t in enumerate(tables))),
            outputs=(out.name,),
            overlaps=in_place(given.tensors, given.inputs, out),
        )

    def cost(self, op: Operator, graph: Graph) -> float:
        return 13.0 * graph.tensor(op.outputs[0]).elements


class SubPortable(AddPortable):
    """mcugen_add_s8 with a negative multiplier."""

    name: ClassVar[str] = "sub_s8.portable"
    operator: ClassVar[type[Operator]] = Sub


class SubTablePortable(AddTablePortable):
    """mcugen_add_table_s8 with a table of negated elements."""

    name: ClassVar[str] = "sub_table_s8.portable"
    operator: ClassVar[type[Operator]] = Sub


def element_tables(op: Sum, graph: Graph) -> list[IntArray]:
    """For each input in call order every element on the common scale, at its unsigned value."""
    given, q = operands(op, graph), op.requantization(graph.input_tensors(op), [graph.tensor(op.outputs[0])])
    scaling = _terms(op, graph, q)
    return [_table(t, q.left_shift, *scale) for t, scale in zip(given.tensors, scaling, strict=True)]


def sums_are_fast(tables: Sequence[IntArray], q: AddRequantization, zero_point: int) -> bool:
    """True when the fast form of requantization is exact for every sum of an entry of each table."""
    low, high = (np.array([sum(int(end(t)) for t in tables)]) for end in (np.min, np.max))
    return bool(is_fast(low, high, np.array([q.output_multiplier]), np.array([-q.output_shift]), zero_point)[0])


def _terms(op: Sum, graph: Graph, q: AddRequantization) -> list[tuple[int, int]]:
    """(multiplier, shift) of each input in call order: activations first."""
    scaling = [(q.input1_multiplier, q.input1_shift), (q.input2_multiplier, q.input2_shift)]
    order = sorted(range(2), key=lambda i: graph.tensor(op.inputs[i]).is_constant)
    return [scaling[i] for i in order]


def _table(x: Tensor, left_shift: int, multiplier: int, shift: int) -> np.ndarray[tuple[int], np.dtype[np.int32]]:
    """Every element on the common scale, at its unsigned value: 0 ... 127, -128 ... -1."""
    values = np.arange(256, dtype=np.uint8).view(np.int8).astype(np.int64)
    scaled = multiply_by_quantized_multiplier((values - x.zero_point) << left_shift, multiplier, shift)
    return scaled.astype(np.int32)
