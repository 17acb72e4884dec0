"""Addition and multiplication by CMSIS-NN, which knows no broadcasting: the shorter operand is repeated."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

from mcugen.graph.graph import Graph
from mcugen.graph.ops import Add, Mul, Operator
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
    per_element: ClassVar[dict[CoreClass, float]]

    def exact(self, op: Operator, graph: Graph) -> bool:
        return arrange(graph.input_tensors(op), graph.tensor(op.outputs[0])) is not None

    @abstractmethod
    def params(self, op: Operator, inputs: Sequence[Tensor], out: Tensor) -> dict[str, ParamValue]:
        """The fields of the struct besides repeats and block, for inputs in call order."""

    def invoke(self, op: Operator, graph: Graph) -> Invocation:
        tensors, out = graph.input_tensors(op), graph.tensor(op.outputs[0])
        operands = arrange(tensors, out)
        assert operands is not None
        inputs = [tensors[i] for i in operands.order]
        constants = [Constant("operand", t.data.reshape(-1), 1) for t in inputs if t.data is not None]
        # Elements are read, then written, in ascending order: the output may start at or below an input of its size.
        overlaps = [Overlap(0, 0)]
        if not constants and operands.repeats == 1:
            overlaps.append(Overlap(1, 0))
        return self.invocation(
            op,
            {"repeats": operands.repeats, "block": operands.block} | self.params(op, inputs, out),
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

    def params(self, op: Operator, inputs: Sequence[Tensor], out: Tensor) -> dict[str, ParamValue]:
        assert isinstance(op, Add)
        q = op.requantization(inputs, [out])
        return {
            "input1_offset": -inputs[0].zero_point,
            "input1_multiplier": q.input1_multiplier,
            "input1_shift": q.input1_shift,
            "input2_offset": -inputs[1].zero_point,
            "input2_multiplier": q.input2_multiplier,
            "input2_shift": q.input2_shift,
            "left_shift": q.left_shift,
            "output_offset": out.zero_point,
            "output_multiplier": q.output_multiplier,
            "output_shift": q.output_shift,
            "activation_min": op.clamp[0],
            "activation_max": op.clamp[1],
        }


class ElementwiseMul(_Elementwise):
    """arm_elementwise_mul_s8."""

    name: ClassVar[str] = "mul_s8.cmsis_nn"
    arm: ClassVar[str] = "mul_s8"
    params_type: ClassVar[str] = "mcugen_cmsis_nn_mul_params"
    operator: ClassVar[type[Operator]] = Mul
    per_element: ClassVar[dict[CoreClass, float]] = {CoreClass.SCALAR: 30, CoreClass.DSP: 36, CoreClass.MVE: 6.8}

    def params(self, op: Operator, inputs: Sequence[Tensor], out: Tensor) -> dict[str, ParamValue]:
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
