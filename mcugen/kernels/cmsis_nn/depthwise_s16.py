"""Depthwise convolution of int16 by CMSIS-NN: accumulators of 64 bits."""

from __future__ import annotations

from typing import ClassVar

import numpy as np

from mcugen.graph.graph import Graph
from mcugen.graph.ops import DepthwiseConv2d, Operator
from mcugen.graph.ops.weighted import accumulates_64_bits
from mcugen.kernels.base import Invocation
from mcugen.kernels.cmsis_nn.base import CmsisNnKernel
from mcugen.kernels.cmsis_nn.convolve import convolve_params, sizes_fit
from mcugen.kernels.cmsis_nn.core import CoreClass, depthwise_fast_s16_bytes
from mcugen.kernels.cmsis_nn.int16 import (
    MOST_COLUMNS,
    channel_constants,
    first_columns_fit,
    reduces_without_overflow,
)
from mcugen.kernels.images import cost_per_image, per_image

# With Helium, channels are worked on in fours, the last ones too: so many may be read beyond them.
_BEYOND = 3


class DepthwiseS16(CmsisNnKernel):
    """arm_depthwise_conv_s16: any channel multiplier and dilation."""

    name: ClassVar[str] = "depthwise_conv_s16.cmsis_nn"
    arm: ClassVar[str] = "depthwise_conv_s16"
    family: ClassVar[str] = "convolution"
    activations: ClassVar[str] = "int16"
    wide: ClassVar[bool] = True
    params_type: ClassVar[str] = "mcugen_cmsis_nn_convolve_params"
    operator: ClassVar[type[Operator]] = DepthwiseConv2d
    # Instructions counted in QEMU: for each multiplication, for each output.
    costs: ClassVar[dict[CoreClass, tuple[float, float]]] = dict.fromkeys(CoreClass, (26.0, 65.0))

    def exact(self, op: Operator, graph: Graph) -> bool:
        assert isinstance(op, DepthwiseConv2d)
        wide = accumulates_64_bits(graph.input_tensors(op))
        return wide and sizes_fit(op, graph) and reduces_without_overflow(op, graph) and self.fits(op, graph)

    def fits(self, op: DepthwiseConv2d, graph: Graph) -> bool:
        return True

    @per_image
    def invoke(self, op: Operator, graph: Graph) -> Invocation:
        assert isinstance(op, DepthwiseConv2d)
        weights = graph.tensor(op.inputs[1])
        params = convolve_params(op, graph, weights.shape[1:3], 1)
        return self.invocation(op, params, constants=channel_constants(op, graph, self.stored(weights)))

    @cost_per_image
    def cost(self, op: Operator, graph: Graph) -> float:
        per_mac, per_output = self.costs[self.core]
        macs = op.macs(graph.input_tensors(op), graph.output_tensors(op))
        return macs * per_mac + graph.tensor(op.outputs[0]).elements * per_output + 60


class DepthwiseFastS16(DepthwiseS16):
    """arm_depthwise_conv_fast_s16: channel multiplier 1, no dilation, less than 512 taps; with DSP or Helium."""

    name: ClassVar[str] = "depthwise_conv_fast_s16.cmsis_nn"
    arm: ClassVar[str] = "depthwise_conv_fast_s16"
    cores: ClassVar[tuple[CoreClass, ...]] = (CoreClass.DSP, CoreClass.MVE)
    costs: ClassVar[dict[CoreClass, tuple[float, float]]] = {CoreClass.DSP: (7.5, 43.0), CoreClass.MVE: (1.9, 33.0)}

    def fits(self, op: DepthwiseConv2d, graph: Graph) -> bool:
        x, out, weights = graph.tensor(op.inputs[0]), graph.tensor(op.outputs[0]), graph.tensor(op.inputs[1])
        plain = x.shape[3] == out.shape[3] and op.dilation == (1, 1)
        return plain and weights.shape[1] * weights.shape[2] < MOST_COLUMNS and first_columns_fit(weights, axis=3)

    @per_image
    def invoke(self, op: Operator, graph: Graph) -> Invocation:
        assert isinstance(op, DepthwiseConv2d)
        weights, channels = graph.tensor(op.inputs[1]), graph.tensor(op.inputs[0]).shape[3]
        taps, beyond = weights.shape[1] * weights.shape[2], _BEYOND if self.core is CoreClass.MVE else 0
        return self.invocation(
            op,
            convolve_params(op, graph, weights.shape[1:3], 1),
            constants=channel_constants(op, graph, np.pad(self.stored(weights), (0, beyond)), beyond),
            scratch=(
                f"MCUGEN_CMSIS_NN_DEPTHWISE_FAST_S16_BYTES({taps}, {channels})",
                depthwise_fast_s16_bytes(self.core, taps, channels),
            ),
        )
