"""Fields that the parameter structs of many kernels share: one place that knows how they are called in C."""

from __future__ import annotations

from typing import Protocol

from mcugen.graph.graph import Graph
from mcugen.kernels.base import ParamValue


class Result(Protocol):
    """Operators whose result is clamped; (least, greatest) in the output's own numbers."""

    @property
    def inputs(self) -> tuple[str, ...]: ...
    @property
    def outputs(self) -> tuple[str, ...]: ...
    @property
    def clamp(self) -> tuple[int, int]: ...


class Windowed(Protocol):
    """Convolutions of any kind: (N, H, W, C) in and out, weights (O or 1, KH, KW, I)."""

    @property
    def inputs(self) -> tuple[str, ...]: ...
    @property
    def outputs(self) -> tuple[str, ...]: ...
    @property
    def stride(self) -> tuple[int, int]: ...
    @property
    def padding(self) -> tuple[int, ...]: ...
    @property
    def dilation(self) -> tuple[int, int]: ...


def window_fields(op: Windowed, graph: Graph) -> dict[str, ParamValue]:
    """Sizes of image and window of a convolution, in elements."""
    x, weights, out = (graph.tensor(name) for name in (*op.inputs[:2], op.outputs[0]))
    return {
        "input_h": x.shape[1],
        "input_w": x.shape[2],
        "input_c": x.shape[3],
        "output_h": out.shape[1],
        "output_w": out.shape[2],
        "output_c": out.shape[3],
        "kernel_h": weights.shape[1],
        "kernel_w": weights.shape[2],
        "stride_h": op.stride[0],
        "stride_w": op.stride[1],
        "pad_top": op.padding[0],
        "pad_left": op.padding[1],
        "dilation_h": op.dilation[0],
        "dilation_w": op.dilation[1],
    }


def zero_point_fields(op: Result, graph: Graph) -> dict[str, ParamValue]:
    """Zero points of the first input and of the output, and the range that results are clamped to."""
    return {
        "input_zero_point": graph.tensor(op.inputs[0]).zero_point,
        "output_zero_point": graph.tensor(op.outputs[0]).zero_point,
        "clamp_min": op.clamp[0],
        "clamp_max": op.clamp[1],
    }
