"""Strategies for average and maximum pooling."""

from __future__ import annotations

from hypothesis import strategies as st

from mcugen.graph import Tensor
from mcugen.graph.ops import (
    AveragePool2d,
    MaxPool2d,
)
from tests.graph.strategies.draws import (
    Case,
    Draw,
    Padding,
    channel_counts,
    clamps,
    image,
    make_case,
    quantizations,
    seeds,
    windows,
)


def _pool(draw: Draw, cls: type[AveragePool2d] | type[MaxPool2d], padding: Padding | str | None) -> Case:
    rng = draw(seeds)
    q = draw(quantizations)
    shape = image(draw, draw(channel_counts))
    window = draw(windows(shape[1:3], None, None, padding, (1, 1), pooling=True))
    tensors = [
        Tensor("input", shape, "int8", q),
        Tensor("output", (shape[0], *window.output, shape[3]), "int8", q),
    ]
    op = cls(
        name="pool",
        inputs=("input",),
        outputs=("output",),
        kernel=window.kernel,
        stride=window.stride,
        padding=window.padding,
        clamp=draw(clamps(q.zero_points[0])),
    )
    return make_case(op, tensors, rng)


@st.composite
def average_pool_graphs(draw: Draw, *, padding: Padding | str | None = None) -> Case:
    """One average_pool2d. LiteRT knows only "same" and "valid" padding."""
    return _pool(draw, AveragePool2d, padding)


@st.composite
def max_pool_graphs(draw: Draw, *, padding: Padding | str | None = None) -> Case:
    """One max_pool2d."""
    return _pool(draw, MaxPool2d, padding)
