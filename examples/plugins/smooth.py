"""A plugin: an operator of one's own, `demo::smooth`, with its integer form.

y[t] = decay * y[t - 1] + x[t] for each channel, over sequences (N, T, C). aten has no such operator, and as a loop of
additions in the model each step would be a layer of its own. Use it with

    mcugen emit model.pt2 --board nrf5340dk --calibration samples.npz --plugin examples/plugins/smooth.py

docs/plugins.md explains each part.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

import numpy as np
import torch
from torch import Tensor as TorchTensor
from torch.fx import Node

from mcugen.boards.board import Cpu
from mcugen.frontend.lowering.arguments import shape_of
from mcugen.frontend.lowering.context import Lowering
from mcugen.frontend.lowering.row import Role, Row
from mcugen.graph.arithmetic import multiply_by_quantized_multiplier, quantize_multiplier
from mcugen.graph.graph import Graph
from mcugen.graph.ops.base import Operator
from mcugen.graph.tensor import IntArray, Quantization, Tensor
from mcugen.kernels.base import Constant, Invocation, Kernel
from mcugen.plugins import Plugin

FRACTION = 12
"""Bits behind the point of the running value, so that its rounding is far below a step of the output."""

# -- 1. the operator in float, which models call -------------------------------------------------------------------


@torch.library.custom_op("demo::smooth", mutates_args=())
def smooth(x: TorchTensor, decay: TorchTensor) -> TorchTensor:
    """x: (N, T, C); decay: (C,), each in [0, 1)."""
    value, steps = torch.zeros_like(x[:, 0]), []
    for t in range(x.shape[1]):
        value = decay * value + x[:, t]
        steps.append(value)
    return torch.stack(steps, 1)


@smooth.register_fake
def _(x: TorchTensor, decay: TorchTensor) -> TorchTensor:
    return torch.empty_like(x)


# -- 2. the operator in integers: rules and reference --------------------------------------------------------------


@dataclass(frozen=True, kw_only=True)
class Smooth(Operator):
    """Inputs: x (N, T, C) int8; decay (C,) int16, a constant, in units of 2**-15."""

    kind: ClassVar[str] = "smooth"

    def validate(self, inputs: Sequence[Tensor], outputs: Sequence[Tensor]) -> None:
        x, decay = inputs
        if len(x.shape) != 3 or outputs[0].shape != x.shape or decay.data is None or decay.shape != x.shape[2:]:
            raise ValueError(f"{self.name}: x is (N, T, C) and decay a constant (C,)")
        # The running value is at most 255 / (1 - decay), with FRACTION bits, in 32 bits.
        if int(decay.data.min()) < 0 or (2**15 - int(decay.data.max())) * 2**31 <= 255 * 2**FRACTION * 2**15:
            raise ValueError(f"{self.name}: decay must be at least 0 and below 0.9995")

    def multiplier(self, x: Tensor, out: Tensor) -> tuple[int, int]:
        return quantize_multiplier(x.scale / out.scale / 2**FRACTION)

    def reference(
        self, inputs: Sequence[IntArray], tensors_in: Sequence[Tensor], tensors_out: Sequence[Tensor]
    ) -> list[IntArray]:
        x, decay = inputs[0].astype(np.int64) - tensors_in[0].zero_point, inputs[1].astype(np.int64)
        value, steps = np.zeros_like(x[:, 0]), []
        for t in range(x.shape[1]):
            value = (value * decay + (1 << 14) >> 15) + (x[:, t] << FRACTION)
            steps.append(multiply_by_quantized_multiplier(value, *self.multiplier(tensors_in[0], tensors_out[0])))
        return [np.clip(np.stack(steps, 1) + tensors_out[0].zero_point, -128, 127).astype(np.int8)]

    def macs(self, inputs: Sequence[Tensor], outputs: Sequence[Tensor]) -> int:
        return inputs[0].elements


# -- 3. how the front end makes one of the other -------------------------------------------------------------------


def lower(ctx: Lowering, node: Node, out: Quantization) -> str:
    """Called for each `demo::smooth`; the result has exactly the quantization `out`."""
    decay = ctx.constant_value(node.args[1])
    if decay is None or decay.dim() != 1 or not bool(((decay >= 0) & (decay < 0.9995)).all()):
        raise ctx.unsupported(node, "its decay is no constant in [0, 0.9995)", "make it a buffer or a parameter")
    q15 = ctx.constant(f"{node.name}_decay", (decay * 2**15).round().numpy().astype(np.int16), None)
    return ctx.emit(Smooth, node, (ctx.operand(node.args[0], node), q15), shape_of(node), out)


# -- 4. the C kernel, and what it is given -------------------------------------------------------------------------

SOURCE = """\
/* y[t] = decay * y[t - 1] + x[t] for each channel of (N, T, C). */
#include "mcugen_requantize.h"

struct smooth_params {
    int32_t images, steps, channels, fraction;
    int32_t input_zero_point, output_zero_point;
    int32_t multiplier, shift;
};

MCUGEN_KERNEL void smooth_s8(const struct smooth_params *params, const int8_t *input, const int16_t *decay,
                             int8_t *output)
{
    const int32_t size = params->steps * params->channels;
    for (int32_t image = 0; image < params->images; image++) {
        for (int32_t c = 0; c < params->channels; c++) {
            int32_t value = 0;
            for (int32_t at = image * size + c; at < (image + 1) * size; at += params->channels) {
                const int32_t step = (input[at] - params->input_zero_point) * (1 << params->fraction);
                value = (int32_t)(((int64_t)value * decay[c] + (1 << 14)) >> 15) + step;
                const int32_t scaled = mcugen_requantize(value, params->multiplier, params->shift);
                output[at] = mcugen_to_int8(scaled, params->output_zero_point, -128, 127);
            }
        }
    }
}
"""


class SmoothPortable(Kernel):
    """Any core."""

    name: ClassVar[str] = "smooth_s8.demo"
    library: ClassVar[str] = "demo"
    operator: ClassVar[type[Operator]] = Smooth

    def supports(self, op: Operator, graph: Graph, cpu: Cpu) -> bool:
        return isinstance(op, Smooth) and graph.tensor(op.inputs[0]).dtype == "int8"

    def invoke(self, op: Operator, graph: Graph) -> Invocation:
        assert isinstance(op, Smooth)
        x, decay, out = (graph.tensor(name) for name in (*op.inputs, *op.outputs))
        assert decay.data is not None
        multiplier, shift = op.multiplier(x, out)
        images, steps, channels = x.shape
        return Invocation(
            kernel=self.name,
            function="smooth_s8",
            source="plugins/demo/smooth_s8.c",
            params_type="smooth_params",
            params={
                "images": images,
                "steps": steps,
                "channels": channels,
                "fraction": FRACTION,
                "input_zero_point": x.zero_point,
                "output_zero_point": out.zero_point,
                "multiplier": multiplier,
                "shift": shift,
            },
            inputs=(x.name,),
            constants=(Constant("decay", decay.data.reshape(-1)),),
            outputs=(out.name,),
        )

    def cost(self, op: Operator, graph: Graph) -> float:
        return 20.0 * graph.tensor(op.inputs[0]).elements


PLUGIN = Plugin(
    name="demo",
    rows={"demo.smooth.default": Row(lower, Role.COMPUTE, operands=("x",))},
    kernels=(SmoothPortable(),),
    sources={"smooth_s8.c": SOURCE},
)
