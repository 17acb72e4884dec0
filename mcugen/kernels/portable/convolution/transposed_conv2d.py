"""Transposed convolution on any CPU."""

from __future__ import annotations

import math
from typing import ClassVar, NamedTuple

import numpy as np

from mcugen.graph.graph import Graph
from mcugen.graph.ops import TransposedConv2d
from mcugen.graph.ops.base import Operator
from mcugen.graph.tensor import IntArray
from mcugen.kernels.base import Constant, Invocation
from mcugen.kernels.fields import zero_point_fields
from mcugen.kernels.images import cost_per_image, per_image
from mcugen.kernels.portable.matrix import columns_cost
from mcugen.kernels.portable.weighted import WeightedKernel, pack_rows, weight_bits
from mcugen.kernels.requantization import pack_channels


class TransposedConv2dPortable(WeightedKernel):
    """mcugen_transposed_conv2d_s8: an ordinary convolution for each phase of the output, see the C file."""

    name: ClassVar[str] = "transposed_conv2d_s8.portable"
    operator: ClassVar[type[Operator]] = TransposedConv2d

    @per_image
    def invoke(self, op: Operator, graph: Graph) -> Invocation:
        assert isinstance(op, TransposedConv2d)
        x, weights, out = graph.tensor(op.inputs[0]), graph.tensor(op.inputs[1]), graph.tensor(op.outputs[0])
        rows, columns = axis_phases(op, weights.shape[1:3])
        packed = _Packed.of(op, graph, rows, columns)
        most = max(len(r.taps) for r in rows) * max(len(c.taps) for c in columns)
        return Invocation(
            kernel=self.name,
            function="mcugen_transposed_conv2d_s8",
            source="portable/convolution/transposed_conv2d_s8.c",
            params_type="mcugen_transposed_conv2d_params",
            params={
                "input_h": x.shape[1],
                "input_w": x.shape[2],
                "input_c": x.shape[3],
                "output_h": out.shape[1],
                "output_w": out.shape[2],
                "output_c": out.shape[3],
                "stride_h": op.stride[0],
                "stride_w": op.stride[1],
                "pad_top": op.padding[0],
                "pad_left": op.padding[1],
                "step_h": op.dilation[0] // math.gcd(op.dilation[0], op.stride[0]),
                "step_w": op.dilation[1] // math.gcd(op.dilation[1], op.stride[1]),
                "groups": op.groups(graph.input_tensors(op)),
                **zero_point_fields(op, graph),
                "general_requantization": int(packed.general),
                "weight_bits": weight_bits(weights),
            },
            inputs=(x.name,),
            constants=packed.constants,
            outputs=(out.name,),
            scratch_bytes=2 * most * x.shape[3],
        )

    @cost_per_image
    def cost(self, op: Operator, graph: Graph) -> float:
        assert isinstance(op, TransposedConv2d)
        x, weights, out = graph.tensor(op.inputs[0]), graph.tensor(op.inputs[1]), graph.tensor(op.outputs[0])
        groups, positions = op.groups(graph.input_tensors(op)), out.shape[1] * out.shape[2]
        taps = weights.shape[1] * weights.shape[2] / (op.stride[0] * op.stride[1])
        gather = positions * taps * (1.2 * x.shape[3] + 20 * groups)
        depth = max(round(taps * weights.shape[3]), 1)
        return gather + groups * columns_cost(positions, depth, out.shape[3] // groups) + 40 * positions


class TransposedConv2dS4Portable(TransposedConv2dPortable):
    """The same with int4 weights, two a byte."""

    name: ClassVar[str] = "transposed_conv2d_s4.portable"
    weight_dtype: ClassVar[str] = "int4"


class Phase(NamedTuple):
    """Kernel taps that one remainder of output positions meets, and how far before their own input position the first
    of them reads."""

    taps: range
    before: int


def axis_phases(op: TransposedConv2d, kernel: tuple[int, ...]) -> tuple[list[Phase], list[Phase]]:
    rows, columns = (_phases(*parameters) for parameters in zip(op.stride, op.dilation, kernel, strict=True))
    return rows, columns


def _phases(stride: int, dilation: int, kernel: int) -> list[Phase]:
    """Tap k reaches from input position i to i * stride + k * dilation."""
    step = stride // math.gcd(stride, dilation)
    phases = []
    for phase in range(stride):
        first = next((k for k in range(min(step, kernel)) if (k * dilation - phase) % stride == 0), kernel)
        phases.append(Phase(range(first, kernel, step), (first * dilation - phase) // stride))
    return phases


class _Packed(NamedTuple):
    constants: tuple[Constant, ...]
    general: bool

    @classmethod
    def of(cls, op: TransposedConv2d, graph: Graph, rows: list[Phase], columns: list[Phase]) -> _Packed:
        """All phases share the multipliers; the input zero point goes into a bias for each phase, modulo 2**32."""
        tensors, out = graph.input_tensors(op), graph.tensor(op.outputs[0])
        weights: IntArray | None = tensors[1].data
        assert weights is not None
        bias = tensors[2].data if len(tensors) > 2 else None
        flat = weights.reshape(len(weights), -1)
        channels = pack_channels(flat, bias, op.requantization(tensors, [out]), tensors[0], out, op.clamp)
        kernels = channels.weights.reshape(weights.shape)
        zero_point = tensors[0].zero_point
        unfolded = channels.bias + zero_point * kernels.astype(np.int64).sum(axis=(1, 2, 3))
        parts, biases = [], []
        for row in rows:
            for column in columns:
                part = kernels[:, list(row.taps)][:, :, list(column.taps)]
                parts.append(pack_rows(part.reshape(len(part), -1), tensors[1].dtype))
                biases.append(unfolded - zero_point * part.astype(np.int64).sum(axis=(1, 2, 3)))
        starts = np.cumsum([0, *(len(part) for part in parts[:-1])]).tolist()
        phases = [n for phase in (*rows, *columns) for n in (len(phase.taps), phase.before)]
        folded = (np.concatenate(biases) + 2**31) % 2**32 - 2**31
        return cls(
            (
                Constant("weights", np.concatenate(parts)),
                Constant("bias", folded.astype(np.int32)),
                Constant("multiplier", channels.multiplier.astype(np.int32)),
                Constant("shift", channels.shift.astype(np.int8), 1),
                Constant("phases", np.array([*phases, *starts], np.int32)),
            ),
            channels.general,
        )
