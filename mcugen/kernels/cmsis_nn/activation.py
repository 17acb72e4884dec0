"""Sigmoid and hyperbolic tangent of int16 by CMSIS-NN."""

from __future__ import annotations

from typing import ClassVar

from mcugen.graph.graph import Graph
from mcugen.graph.ops import Logistic, Operator, Tanh
from mcugen.graph.ops.elementwise.logistic import SigmoidFunction
from mcugen.kernels.base import Invocation, Overlap
from mcugen.kernels.cmsis_nn.base import CmsisNnKernel

# V11 takes the number of elements in 16 bits.
_MOST_ELEMENTS_V11 = 0xFFFF


def left_shift(op: SigmoidFunction, graph: Graph) -> int | None:
    """The input's steps are 2**(left_shift - 12); None where its multiplier is not 3 times a power of two."""
    multiplier, right = op.rescaling(graph.input_tensors(op))
    power, rest = divmod(multiplier, 3)
    if rest or power <= 0 or power & (power - 1):
        return None
    return power.bit_length() - 1 - right


class _ActivationS16(CmsisNnKernel):
    """arm_nn_activation_s16: input scales that are powers of two; with V11 none below 2**-12."""

    arm: ClassVar[str] = "activation_s16"
    family: ClassVar[str] = "elementwise"
    activations: ClassVar[str] = "int16"
    wide: ClassVar[bool] = True
    params_type: ClassVar[str] = "mcugen_cmsis_nn_activation_params"
    is_tanh: ClassVar[bool]

    def exact(self, op: Operator, graph: Graph) -> bool:
        assert isinstance(op, SigmoidFunction)
        shift = left_shift(op, graph)
        few = graph.tensor(op.outputs[0]).elements <= _MOST_ELEMENTS_V11
        return shift is not None and (self.interface.typed_bias or (shift >= 0 and few))

    def invoke(self, op: Operator, graph: Graph) -> Invocation:
        assert isinstance(op, SigmoidFunction)
        shift = left_shift(op, graph)
        assert shift is not None
        elements = graph.tensor(op.outputs[0]).elements
        return self.invocation(
            op,
            {"elements": elements, "left_shift": shift, "is_tanh": int(self.is_tanh)},
            function=None if self.interface.typed_bias else "activation_s16_v11",
            overlaps=[Overlap(0, 0)],
        )

    def cost(self, op: Operator, graph: Graph) -> float:
        return 27.0 * graph.tensor(op.outputs[0]).elements + 40


class SigmoidS16(_ActivationS16):
    """arm_nn_activation_s16 of ARM_SIGMOID."""

    name: ClassVar[str] = "sigmoid_s16.cmsis_nn"
    operator: ClassVar[type[Operator]] = Logistic
    is_tanh: ClassVar[bool] = False


class TanhS16(_ActivationS16):
    """arm_nn_activation_s16 of ARM_TANH."""

    name: ClassVar[str] = "tanh_s16.cmsis_nn"
    operator: ClassVar[type[Operator]] = Tanh
    is_tanh: ClassVar[bool] = True
