"""Sums, differences and products by CMSIS-NN, which knows no broadcasting: the shorter operand is repeated."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

from mcugen.graph.graph import Graph
from mcugen.graph.ops import Add, Mul, Operator, Sub
from mcugen.graph.ops.elementwise.add import Sum
from mcugen.graph.tensor import Tensor
from mcugen.kernels.base import Constant, Invocation, Overlap, ParamValue
from mcugen.kernels.cmsis_nn.base import CmsisNnKernel
from mcugen.kernels.cmsis_nn.core import CoreClass

# Below this many elements the calls cost more than the work.
_SHORTEST_BLOCK = 8


@dataclass(frozen=True)
class Operands:
    """The operands in call order: the first has all elements and is no constant, the second is repeated."""

    order: tuple[int, int]
    repeats: int
    block: int


def arrange(inputs: Sequence[Tensor], out: Tensor) -> Operands | None:
    """None when the shapes broadcast in another way than by repeating one operand along leading axes."""
    for order in ((0, 1), (1, 0)):
        full, other = inputs[order[0]], inputs[order[1]]
        if full.is_constant or full.elements != out.elements or not _is_suffix(other.shape, out.shape):
            continue
        repeats = out.elements // other.elements
        if repeats == 1 or other.elements >= _SHORTEST_BLOCK:
            return Operands(order, repeats, other.elements)
    return None


def _is_suffix(shape: tuple[int, ...], of: tuple[int, ...]) -> bool:
    while shape and shape[0] == 1:
        shape = shape[1:]
    while of and len(of) > len(shape):
        of = of[1:]
    return shape == of


class _Elementwise(CmsisNnKernel):
    family: ClassVar[str] = "elementwise"
    per_element: ClassVar[dict[CoreClass, float]]

    def exact(self, op: Operator, graph: Graph) -> bool:
        return arrange(graph.input_tensors(op), graph.tensor(op.outputs[0])) is not None

    @abstractmethod
    def params(
        self, op: Operator, inputs: Sequence[Tensor], out: Tensor, order: tuple[int, int]
    ) -> dict[str, ParamValue]:
        """The fields of the struct besides repeats and block, for inputs in call order, which is `order` of the
        operator's."""

    def invoke(self, op: Operator, graph: Graph) -> Invocation:
        tensors, out = graph.input_tensors(op), graph.tensor(op.outputs[0])
        operands = arrange(tensors, out)
        assert operands is not None
        inputs = [tensors[i] for i in operands.order]
        constants = [Constant("operand", t.data.reshape(-1), t.data.itemsize) for t in inputs if t.data is not None]
        # Elements are read, then written, in ascending order: the output may start at or below an input of its size.
        overlaps = [Overlap(0, 0)]
        if not constants and operands.repeats == 1:
            overlaps.append(Overlap(1, 0))
        return self.invocation(
            op,
            {"repeats": operands.repeats, "block": operands.block} | self.params(op, inputs, out, operands.order),
            inputs=[t.name for t in inputs if not t.is_constant],
            constants=constants,
            overlaps=overlaps,
        )

    def cost(self, op: Operator, graph: Graph) -> float:
        operands = arrange(graph.input_tensors(op), graph.tensor(op.outputs[0]))
        assert operands is not None
        return operands.repeats * (operands.block * self.per_element[self.core] + 60)


class ElementwiseAdd(_Elementwise):
    """arm_elementwise_add_s8."""

    name: ClassVar[str] = "add_s8.cmsis_nn"
    arm: ClassVar[str] = "add_s8"
    params_type: ClassVar[str] = "mcugen_cmsis_nn_add_params"
    operator: ClassVar[type[Operator]] = Add
    per_element: ClassVar[dict[CoreClass, float]] = {CoreClass.SCALAR: 84, CoreClass.DSP: 82, CoreClass.MVE: 14}

    def params(
        self, op: Operator, inputs: Sequence[Tensor], out: Tensor, order: tuple[int, int]
    ) -> dict[str, ParamValue]:
        assert isinstance(op, Sum)
        q = op.requantization([inputs[order.index(i)] for i in range(2)], [out])
        scaling = ((q.input1_multiplier, q.input1_shift), (q.input2_multiplier, q.input2_shift))
        first, second = (scaling[i] for i in order)
        return {
            "input1_offset": -inputs[0].zero_point,
            "input1_multiplier": first[0],
            "input1_shift": first[1],
            "input2_offset": -inputs[1].zero_point,
            "input2_multiplier": second[0],
            "input2_shift": second[1],
            "left_shift": q.left_shift,
            "output_offset": out.zero_point,
            "output_multiplier": q.output_multiplier,
            "output_shift": q.output_shift,
            "activation_min": op.clamp[0],
            "activation_max": op.clamp[1],
        }


class ElementwiseSub(ElementwiseAdd):
    """arm_elementwise_add_s8 with a negative multiplier."""

    name: ClassVar[str] = "sub_s8.cmsis_nn"
    operator: ClassVar[type[Operator]] = Sub


class ElementwiseAddS16(ElementwiseAdd):
    """arm_elementwise_add_s16."""

    name: ClassVar[str] = "add_s16.cmsis_nn"
    arm: ClassVar[str] = "add_s16"
    activations: ClassVar[str] = "int16"
    wide: ClassVar[bool] = True
    per_element: ClassVar[dict[CoreClass, float]] = {CoreClass.SCALAR: 77, CoreClass.DSP: 78, CoreClass.MVE: 10.3}


class ElementwiseSubS16(ElementwiseAddS16):
    """arm_elementwise_add_s16 with a negative multiplier."""

    name: ClassVar[str] = "sub_s16.cmsis_nn"
    operator: ClassVar[type[Operator]] = Sub


class ElementwiseMul(_Elementwise):
    """arm_elementwise_mul_s8."""

    name: ClassVar[str] = "mul_s8.cmsis_nn"
    arm: ClassVar[str] = "mul_s8"
    params_type: ClassVar[str] = "mcugen_cmsis_nn_mul_params"
    operator: ClassVar[type[Operator]] = Mul
    per_element: ClassVar[dict[CoreClass, float]] = {CoreClass.SCALAR: 30, CoreClass.DSP: 36, CoreClass.MVE: 6.8}

    def params(
        self, op: Operator, inputs: Sequence[Tensor], out: Tensor, order: tuple[int, int]
    ) -> dict[str, ParamValue]:
        assert isinstance(op, Mul)
        multiplier, shift = op.requantization(inputs, [out])
        return {
            "input1_offset": -inputs[0].zero_point,
            "input2_offset": -inputs[1].zero_point,
            "output_offset": out.zero_point,
            "output_multiplier": multiplier,
            "output_shift": shift,
            "activation_min": op.clamp[0],
            "activation_max": op.clamp[1],
        }


class ElementwiseMulS16(ElementwiseMul):
    """arm_elementwise_mul_s16: nothing guards a left shift of the products."""

    name: ClassVar[str] = "mul_s16.cmsis_nn"
    arm: ClassVar[str] = "mul_s16"
    activations: ClassVar[str] = "int16"
    wide: ClassVar[bool] = True
    per_element: ClassVar[dict[CoreClass, float]] = {CoreClass.SCALAR: 33, CoreClass.DSP: 27, CoreClass.MVE: 5.8}

    def exact(self, op: Operator, graph: Graph) -> bool:
        assert isinstance(op, Mul)
        _, shift = op.requantization(graph.input_tensors(op), graph.output_tensors(op))
        return shift <= 0 and super().exact(op, graph)
