"""Pooling by CMSIS-NN. Windows beyond the right and lower borders are cut off, so any padding is exact."""

from __future__ import annotations

from typing import ClassVar

from mcugen.graph.graph import Graph
from mcugen.graph.ops import AveragePool2d, MaxPool2d, Operator
from mcugen.kernels.base import Invocation, ParamValue
from mcugen.kernels.cmsis_nn.base import CmsisNnKernel
from mcugen.kernels.cmsis_nn.core import CoreClass, avgpool_bytes
from mcugen.kernels.images import cost_per_image, per_image


def pool_params(op: AveragePool2d | MaxPool2d, graph: Graph) -> dict[str, ParamValue]:
    """The fields of struct mcugen_cmsis_nn_pool_params."""
    x, out = graph.tensor(op.inputs[0]), graph.tensor(op.outputs[0])
    return {
        "input_h": x.shape[1],
        "input_w": x.shape[2],
        "channels": x.shape[3],
        "output_h": out.shape[1],
        "output_w": out.shape[2],
        "kernel_h": op.kernel[0],
        "kernel_w": op.kernel[1],
        "stride_h": op.stride[0],
        "stride_w": op.stride[1],
        "pad_h": op.padding[0],
        "pad_w": op.padding[1],
        "activation_min": op.clamp[0],
        "activation_max": op.clamp[1],
        "scratch_bytes": 0,
    }


class _Pool(CmsisNnKernel):
    family: ClassVar[str] = "pooling"
    params_type: ClassVar[str] = "mcugen_cmsis_nn_pool_params"


class MaxPool(_Pool):
    """arm_max_pool_s8."""

    name: ClassVar[str] = "max_pool_s8.cmsis_nn"
    arm: ClassVar[str] = "max_pool_s8"
    operator: ClassVar[type[Operator]] = MaxPool2d
    helium_cost: ClassVar[tuple[float, float]] = (1.5, 1.8)  # of a read, of an output

    @per_image
    def invoke(self, op: Operator, graph: Graph) -> Invocation:
        assert isinstance(op, MaxPool2d)
        return self.invocation(op, pool_params(op, graph))

    @cost_per_image
    def cost(self, op: Operator, graph: Graph) -> float:
        assert isinstance(op, MaxPool2d)
        per_read, per_output = self.helium_cost if self.core is CoreClass.MVE else (8.1, 6.5)
        reads = op.kernel[0] * op.kernel[1]
        return graph.tensor(op.outputs[0]).elements * (reads * per_read + per_output) + 100


class AvgPool(_Pool):
    """arm_avgpool_s8."""

    name: ClassVar[str] = "avgpool_s8.cmsis_nn"
    arm: ClassVar[str] = "avgpool_s8"
    operator: ClassVar[type[Operator]] = AveragePool2d
    helium_block: ClassVar[tuple[int, float, float]] = (16, 16.5, 208)  # channels, cost of their read, of their output

    @per_image
    def invoke(self, op: Operator, graph: Graph) -> Invocation:
        assert isinstance(op, AveragePool2d)
        params, channels = pool_params(op, graph), graph.tensor(op.inputs[0]).shape[3]
        if self.core is not CoreClass.DSP:
            return self.invocation(op, params)
        return self.invocation(
            op,
            params,
            function=f"{self.arm}_dsp",
            scratch=(f"MCUGEN_CMSIS_NN_AVGPOOL_BYTES({channels})", avgpool_bytes(self.core, channels)),
        )

    @cost_per_image
    def cost(self, op: Operator, graph: Graph) -> float:
        assert isinstance(op, AveragePool2d)
        out, reads = graph.tensor(op.outputs[0]), op.kernel[0] * op.kernel[1]
        if self.core is CoreClass.MVE:
            channels, per_read, per_block = self.helium_block
            blocks = out.elements // out.shape[3] * -(-out.shape[3] // channels)
            return blocks * (reads * per_read + per_block) + 100
        per_read, per_output = (6.0, 20.0) if self.core is CoreClass.DSP else (11.0, 65.0)
        return out.elements * (reads * per_read + per_output) + 100


class MaxPoolS16(MaxPool):
    """arm_max_pool_s16."""

    name: ClassVar[str] = "max_pool_s16.cmsis_nn"
    arm: ClassVar[str] = "max_pool_s16"
    activations: ClassVar[str] = "int16"
    helium_cost: ClassVar[tuple[float, float]] = (2.1, 1.8)
    wide: ClassVar[bool] = True


class AvgPoolS16(AvgPool):
    """arm_avgpool_s16."""

    name: ClassVar[str] = "avgpool_s16.cmsis_nn"
    arm: ClassVar[str] = "avgpool_s16"
    activations: ClassVar[str] = "int16"
    helium_block: ClassVar[tuple[int, float, float]] = (8, 11.5, 100)
    wide: ClassVar[bool] = True
