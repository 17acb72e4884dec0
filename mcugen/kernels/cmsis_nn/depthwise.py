"""Depthwise convolution by CMSIS-NN."""

from __future__ import annotations

from typing import ClassVar

import numpy as np

from mcugen.graph.graph import Graph
from mcugen.graph.ops import DepthwiseConv2d, Operator
from mcugen.kernels.base import Constant, Invocation
from mcugen.kernels.cmsis_nn.base import CmsisNnKernel, padded, requantizes_without_overflow
from mcugen.kernels.cmsis_nn.convolve import (
    channel_constants,
    convolve_call,
    convolve_cost,
    convolve_params,
    sizes_fit,
)
from mcugen.kernels.cmsis_nn.core import CoreClass, depthwise_opt_bytes
from mcugen.kernels.images import cost_per_image, per_image


def _kernel(op: DepthwiseConv2d, graph: Graph) -> tuple[int, int]:
    shape = graph.tensor(op.inputs[1]).shape
    return shape[1], shape[2]


class _Depthwise(CmsisNnKernel):
    family: ClassVar[str] = "convolution"
    params_type: ClassVar[str] = "mcugen_cmsis_nn_convolve_params"
    operator: ClassVar[type[Operator]] = DepthwiseConv2d
    # Instructions counted in QEMU: for each multiplication, for each output.
    costs: ClassVar[dict[CoreClass, tuple[float, float]]]

    def exact(self, op: Operator, graph: Graph) -> bool:
        assert isinstance(op, DepthwiseConv2d)
        return sizes_fit(op, graph) and requantizes_without_overflow(op, graph) and self.fits(op, graph)

    def fits(self, op: DepthwiseConv2d, graph: Graph) -> bool:
        return True

    @per_image
    def invoke(self, op: Operator, graph: Graph) -> Invocation:
        assert isinstance(op, DepthwiseConv2d)
        params = convolve_params(op, graph, _kernel(op, graph), 1)
        return self.invocation(
            op, params, constants=channel_constants(op, graph, self.stored(graph.tensor(op.inputs[1])))
        )

    @cost_per_image
    def cost(self, op: Operator, graph: Graph) -> float:
        per_mac, per_output = self.costs[self.core]
        macs = op.macs(graph.input_tensors(op), graph.output_tensors(op))
        return macs * per_mac + graph.tensor(op.outputs[0]).elements * per_output + 60


class Depthwise(_Depthwise):
    """arm_depthwise_conv_s8: any channel multiplier and dilation."""

    name: ClassVar[str] = "depthwise_conv_s8.cmsis_nn"
    arm: ClassVar[str] = "depthwise_conv_s8"
    costs: ClassVar[dict[CoreClass, tuple[float, float]]] = dict.fromkeys(CoreClass, (10.5, 165.0))
    # Where the channel multiplier is a multiple of four and nothing is dilated, four outputs are made at a time.
    fast_cost: ClassVar[tuple[float, float]] = (7.5, 28.0)

    @cost_per_image
    def cost(self, op: Operator, graph: Graph) -> float:
        assert isinstance(op, DepthwiseConv2d)
        inputs = graph.input_tensors(op)
        if op.channel_multiplier(inputs) % 4 or op.dilation != (1, 1):
            return super().cost(op, graph)
        per_mac, per_output = self.fast_cost
        outputs = graph.output_tensors(op)
        return op.macs(inputs, outputs) * per_mac + outputs[0].elements * per_output + 60


class Depthwise3x3(_Depthwise):
    """arm_depthwise_conv_3x3_s8: channel multiplier 1, padding of at most 1, not with Helium.

    It always reads the middle column of a window, so that column has to be inside the input.
    """

    name: ClassVar[str] = "depthwise_conv_3x3_s8.cmsis_nn"
    arm: ClassVar[str] = "depthwise_conv_3x3_s8"
    cores: ClassVar[tuple[CoreClass, ...]] = (CoreClass.SCALAR, CoreClass.DSP)
    costs: ClassVar[dict[CoreClass, tuple[float, float]]] = {
        CoreClass.SCALAR: (7.2, 20.0),
        CoreClass.DSP: (6.5, 18.0),
    }

    def fits(self, op: DepthwiseConv2d, graph: Graph) -> bool:
        x, out = graph.tensor(op.inputs[0]), graph.tensor(op.outputs[0])
        last_middle = (out.shape[2] - 1) * op.stride[1] - op.padding[1] + 1
        return (
            x.shape[3] == out.shape[3]
            and _kernel(op, graph) == (3, 3)
            and op.dilation == (1, 1)
            and max(op.padding[:2]) <= 1
            and last_middle < x.shape[2]
        )


class DepthwiseOpt(_Depthwise):
    """arm_depthwise_conv_s8_opt: channel multiplier 1; without DSP it is arm_depthwise_conv_s8."""

    name: ClassVar[str] = "depthwise_conv_s8_opt.cmsis_nn"
    arm: ClassVar[str] = "depthwise_conv_s8_opt"
    cores: ClassVar[tuple[CoreClass, ...]] = (CoreClass.DSP, CoreClass.MVE)
    costs: ClassVar[dict[CoreClass, tuple[float, float]]] = {
        CoreClass.DSP: (8.0, 40.0),
        CoreClass.MVE: (1.65, 7.0),
    }

    def fits(self, op: DepthwiseConv2d, graph: Graph) -> bool:
        x, out = graph.tensor(op.inputs[0]), graph.tensor(op.outputs[0])
        return x.shape[3] == out.shape[3] and op.dilation == (1, 1)

    @per_image
    def invoke(self, op: Operator, graph: Graph) -> Invocation:
        assert isinstance(op, DepthwiseConv2d)
        kernel, channels = _kernel(op, graph), graph.tensor(op.inputs[0]).shape[3]
        size = kernel[0] * kernel[1]
        constants = channel_constants(op, graph, self.stored(graph.tensor(op.inputs[1])))
        if self.core is CoreClass.MVE:
            constants = tuple(Constant(c.role, padded(c.data, 4)) for c in constants)
        return self.invocation(
            op,
            convolve_params(op, graph, kernel, 1),
            constants=constants,
            scratch=(
                f"MCUGEN_CMSIS_NN_DEPTHWISE_OPT_BYTES({size}, {channels})",
                depthwise_opt_bytes(self.core, size, channels),
            ),
        )


class DepthwiseAsConvolve(CmsisNnKernel):
    """arm_convolve_s8 for one input channel, as arm_depthwise_conv_wrapper_s8 does it with Helium.

    The wrapper transposes the weights at run time; here they are transposed beforehand.
    """

    name: ClassVar[str] = "depthwise_as_convolve_s8.cmsis_nn"
    arm: ClassVar[str] = "convolve_s8"
    family: ClassVar[str] = "convolution"
    params_type: ClassVar[str] = "mcugen_cmsis_nn_convolve_params"
    operator: ClassVar[type[Operator]] = DepthwiseConv2d

    def exact(self, op: Operator, graph: Graph) -> bool:
        assert isinstance(op, DepthwiseConv2d)
        fits = sizes_fit(op, graph) and requantizes_without_overflow(op, graph)
        return graph.tensor(op.inputs[0]).shape[3] == 1 and fits

    @per_image
    def invoke(self, op: Operator, graph: Graph) -> Invocation:
        assert isinstance(op, DepthwiseConv2d)
        kernel = _kernel(op, graph)
        elements, data = kernel[0] * kernel[1], graph.tensor(op.inputs[1]).data
        assert data is not None
        weights = np.ascontiguousarray(data.transpose(3, 1, 2, 0))
        return self.invocation(
            op,
            convolve_params(op, graph, kernel, 1),
            constants=channel_constants(op, graph, weights),
            **convolve_call(self.core, self.interface, elements),
        )

    @cost_per_image
    def cost(self, op: Operator, graph: Graph) -> float:
        weights, out = graph.tensor(op.inputs[1]), graph.tensor(op.outputs[0])
        depth = weights.shape[1] * weights.shape[2]
        return convolve_cost(self.core, out.shape[1] * out.shape[2], depth, depth, out.shape[3])
