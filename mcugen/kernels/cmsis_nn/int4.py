"""Layers with int4 weights by CMSIS-NN, where its functions are right."""

from __future__ import annotations

from typing import ClassVar

from mcugen.graph.graph import Graph
from mcugen.graph.ops import Conv2d, Operator
from mcugen.graph.ops.convolution.depthwise_conv2d import DepthwiseConv2d
from mcugen.kernels.cmsis_nn.convolve import Convolve, Convolve1x1, Convolve1x1Fast, ConvolveCall
from mcugen.kernels.cmsis_nn.core import CoreClass
from mcugen.kernels.cmsis_nn.depthwise import Depthwise, DepthwiseOpt
from mcugen.kernels.cmsis_nn.fully_connected import FullyConnectedPerTensor
from mcugen.kernels.cmsis_nn.interface import HeliumSums

# Instructions as a multiple of those of the functions for int8: an estimate, that unpacking adds half as much.
_UNPACKING = {CoreClass.SCALAR: 1.5, CoreClass.DSP: 1.5, CoreClass.MVE: 1.5}


class ConvolveS4(Convolve):
    """arm_convolve_s4: one group. With groups it takes weights of the wrong channels."""

    name: ClassVar[str] = "convolve_s4.cmsis_nn"
    arm: ClassVar[str] = "convolve_s4"
    weight_dtype: ClassVar[str] = "int4"

    def exact(self, op: Operator, graph: Graph) -> bool:
        assert isinstance(op, Conv2d)
        return op.groups(graph.input_tensors(op)) == 1 and super().exact(op, graph)

    def call(self, elements: int) -> ConvolveCall:
        """Two columns of int16, or four of int8: the same on all cores."""
        scratch = (f"MCUGEN_CMSIS_NN_CONVOLVE_S4_BYTES({elements})", 4 * elements)
        return {"function": self.arm, "scratch": scratch}

    def cost(self, op: Operator, graph: Graph) -> float:
        return _UNPACKING[self.core] * super().cost(op, graph)


class Convolve1x1FastS4(Convolve1x1Fast):
    """arm_convolve_1x1_s4_fast: stride 1."""

    name: ClassVar[str] = "convolve_1x1_s4_fast.cmsis_nn"
    arm: ClassVar[str] = "convolve_1x1_s4_fast"
    weight_dtype: ClassVar[str] = "int4"

    def cost(self, op: Operator, graph: Graph) -> float:
        return _UNPACKING[self.core] * super().cost(op, graph)


class Convolve1x1S4(Convolve1x1):
    """arm_convolve_1x1_s4: any stride."""

    name: ClassVar[str] = "convolve_1x1_s4.cmsis_nn"
    arm: ClassVar[str] = "convolve_1x1_s4"
    weight_dtype: ClassVar[str] = "int4"

    def cost(self, op: Operator, graph: Graph) -> float:
        return _UNPACKING[self.core] * super().cost(op, graph)


def _whole_bytes(op: DepthwiseConv2d, graph: Graph) -> bool:
    """The input channels of a position, and so the weights of a tap, are whole bytes. With an odd number of channels
    CMSIS-NN loses its place among the nibbles from the second row of taps on."""
    return graph.tensor(op.inputs[0]).shape[3] % 2 == 0


class DepthwiseS4(Depthwise):
    """arm_depthwise_conv_s4: any channel multiplier and dilation."""

    name: ClassVar[str] = "depthwise_conv_s4.cmsis_nn"
    arm: ClassVar[str] = "depthwise_conv_s4"
    weight_dtype: ClassVar[str] = "int4"

    def fits(self, op: DepthwiseConv2d, graph: Graph) -> bool:
        return _whole_bytes(op, graph) and super().fits(op, graph)


class DepthwiseOptS4(DepthwiseOpt):
    """arm_depthwise_conv_s4_opt: channel multiplier 1. With Helium its working memory differs between releases."""

    name: ClassVar[str] = "depthwise_conv_s4_opt.cmsis_nn"
    arm: ClassVar[str] = "depthwise_conv_s4_opt"
    weight_dtype: ClassVar[str] = "int4"
    cores: ClassVar[tuple[CoreClass, ...]] = (CoreClass.DSP,)

    def fits(self, op: DepthwiseConv2d, graph: Graph) -> bool:
        return _whole_bytes(op, graph) and super().fits(op, graph)


class FullyConnectedS4(FullyConnectedPerTensor):
    """arm_fully_connected_s4: one scale for all channels."""

    name: ClassVar[str] = "fully_connected_s4.cmsis_nn"
    arm: ClassVar[str] = "fully_connected_s4"
    weight_dtype: ClassVar[str] = "int4"

    @property
    def _sums_of(self) -> HeliumSums:
        return HeliumSums.KERNEL

    def cost(self, op: Operator, graph: Graph) -> float:
        return _UNPACKING[self.core] * super().cost(op, graph)
