"""Strategies for convolutions and depthwise convolutions."""

from __future__ import annotations

from hypothesis import strategies as st

from mcugen.graph import Tensor
from mcugen.graph.ops import (
    Conv2d,
    DepthwiseConv2d,
)
from tests.graph.strategies.draws import (
    Case,
    Draw,
    Padding,
    Pair,
    channel_counts,
    image,
    make_case,
    seeds,
    weighted,
    windows,
)


def _names(constants: list[Tensor]) -> tuple[str, ...]:
    return ("input", *(t.name for t in constants))


@st.composite
def conv2d_graphs(
    draw: Draw,
    *,
    kernel: Pair | None = None,
    stride: Pair | None = None,
    padding: Padding | str | None = None,
    dilation: Pair | None = None,
    grouped: bool | None = None,
    channels: st.SearchStrategy[int] = channel_counts,
    bias: bool | None = None,
    dtype: str = "int8",
) -> Case:
    """One conv2d; what is not None is fixed (a kernel that does not fit its input is shrunk)."""
    rng = draw(seeds)
    c_in, c_out = draw(channels), draw(channels)
    groups = 1
    if grouped or (grouped is None and draw(st.integers(0, 3)) == 0):
        groups = draw(st.integers(2, 4))
        c_in, c_out = max(c_in // groups, 1) * groups, max(c_out // groups, 1) * groups
    shape = image(draw, c_in, c_out)
    window = draw(windows(shape[1:3], kernel, stride, padding, dilation))
    parts = weighted(draw, rng, (c_out, *window.kernel, c_in // groups), 0, bias, dtype=dtype)
    tensors = [
        Tensor("input", shape, "int8", parts.x),
        *parts.constants,
        Tensor("output", (shape[0], *window.output, c_out), "int8", parts.out),
    ]
    op = Conv2d(
        name="conv",
        inputs=_names(parts.constants),
        outputs=("output",),
        stride=window.stride,
        padding=window.padding,
        dilation=window.dilation,
        clamp=parts.clamp,
    )
    return make_case(op, tensors, rng)


@st.composite
def depthwise_graphs(
    draw: Draw,
    *,
    kernel: Pair | None = None,
    stride: Pair | None = None,
    padding: Padding | str | None = None,
    dilation: Pair | None = None,
    multiplier: int | None = None,
    channels: st.SearchStrategy[int] = channel_counts,
    bias: bool | None = None,
    dtype: str = "int8",
) -> Case:
    """One depthwise_conv2d; what is not None is fixed (a kernel that does not fit its input is shrunk)."""
    rng = draw(seeds)
    c_in = draw(channels)
    c_out = c_in * (multiplier or draw(st.sampled_from([1, 1, 1, 2, 3])))
    shape = image(draw, c_in, c_out)
    window = draw(windows(shape[1:3], kernel, stride, padding, dilation))
    parts = weighted(draw, rng, (1, *window.kernel, c_out), 3, bias, dtype=dtype)
    tensors = [
        Tensor("input", shape, "int8", parts.x),
        *parts.constants,
        Tensor("output", (shape[0], *window.output, c_out), "int8", parts.out),
    ]
    op = DepthwiseConv2d(
        name="depthwise",
        inputs=_names(parts.constants),
        outputs=("output",),
        stride=window.stride,
        padding=window.padding,
        dilation=window.dilation,
        clamp=parts.clamp,
    )
    return make_case(op, tensors, rng)
