"""Comparison, division and parametric relu of int16 on any CPU."""

from __future__ import annotations

from typing import ClassVar

from mcugen.boards.board import Cpu
from mcugen.graph.graph import Graph
from mcugen.graph.ops.base import Operator
from mcugen.graph.ops.elementwise.compare import Compare
from mcugen.graph.ops.elementwise.div import Div
from mcugen.graph.tensor import DTYPES
from mcugen.kernels.base import Invocation, Overlap, ParamValue
from mcugen.kernels.portable.broadcast import broadcast, in_place
from mcugen.kernels.portable.common import PortableKernel, operands, pad_front, two_words
from mcugen.kernels.portable.elementwise.integer import byte_constants, swapped
from mcugen.kernels.portable.elementwise.pairs import MIRRORED, WANTED, PreluPortable
from mcugen.kernels.portable.int16 import OnInt16


class PreluInt16Portable(OnInt16, PreluPortable):
    """mcugen_prelu_s16."""

    name: ClassVar[str] = "prelu_s16.portable"
    suffix: ClassVar[str] = "s16"


class DivInt16Portable(OnInt16):
    """mcugen_div_s16."""

    name: ClassVar[str] = "div_s16.portable"
    operator: ClassVar[type[Operator]] = Div

    def invoke(self, op: Operator, graph: Graph) -> Invocation:
        assert isinstance(op, Div)
        given, out = operands(op, graph), graph.tensor(op.outputs[0])
        multiplier, shift = op.ratio(graph.input_tensors(op), [out])
        shapes = broadcast(given.tensors[0].shape, given.tensors[1].shape, out.shape).params()
        return Invocation(
            kernel=self.name,
            function="mcugen_div_s16",
            source="portable/elementwise/div_s16.c",
            params_type="mcugen_div_s16_params",
            params={**shapes, "multiplier": multiplier, "shift": shift, "swapped": swapped(op, graph)},
            inputs=given.inputs,
            constants=given.constants,
            outputs=(out.name,),
            overlaps=in_place(given.tensors, given.inputs, out),
        )

    def cost(self, op: Operator, graph: Graph) -> float:
        return 130.0 * graph.tensor(op.outputs[0]).elements


class CompareWidePortable(PortableKernel):
    """mcugen_compare_wide: at least one side is int16."""

    name: ClassVar[str] = "compare_wide.portable"
    operator: ClassVar[type[Operator]] = Compare
    wide: ClassVar[bool] = True

    def supports(self, op: Operator, graph: Graph, cpu: Cpu) -> bool:
        return isinstance(op, Compare) and any(t.dtype == "int16" for t in graph.input_tensors(op))

    def invoke(self, op: Operator, graph: Graph) -> Invocation:
        assert isinstance(op, Compare)
        given, out = operands(op, graph), graph.tensor(op.outputs[0])
        operation = MIRRORED[op.operation] if swapped(op, graph) else op.operation
        shapes = broadcast(given.tensors[0].shape, given.tensors[1].shape, out.shape)
        weights = op.weights(given.tensors)
        params: dict[str, ParamValue] = {"shape": pad_front(shapes.shape, 6, 1)}
        for i, (tensor, steps) in enumerate(zip(given.tensors, shapes.steps, strict=True)):
            size = DTYPES[tensor.dtype].itemsize
            params |= {
                f"step{i}": pad_front([size * step for step in steps], 6, 0),
                f"bytes{i}": size,
                f"zero_point{i}": tensor.zero_point,
                **two_words(f"weight{i}", weights[i]),
            }
        return Invocation(
            kernel=self.name,
            function="mcugen_compare_wide",
            source="portable/elementwise/compare_wide.c",
            params_type="mcugen_compare_wide_params",
            params={**params, "wanted": WANTED[operation]},
            inputs=given.inputs,
            constants=byte_constants(given.constants),
            outputs=(out.name,),
            overlaps=tuple(
                Overlap(i, 0) for i, t in enumerate(given.tensors[: len(given.inputs)]) if t.elements == out.elements
            ),
            as_bytes=True,
        )

    def cost(self, op: Operator, graph: Graph) -> float:
        return 24.0 * graph.tensor(op.outputs[0]).elements
