"""Strategies for fully connected layers and matrix products."""

from __future__ import annotations

import math
from dataclasses import replace

from hypothesis import strategies as st

from mcugen.graph import Quantization, Tensor
from mcugen.graph.ops import (
    BatchMatMul,
    FullyConnected,
)
from tests.graph.strategies.draws import (
    Case,
    Draw,
    channel_counts,
    clamps,
    make_case,
    quantizations,
    random_int8,
    seeds,
    weighted,
    zero_points,
)


def _names(constants: list[Tensor]) -> tuple[str, ...]:
    return ("input", *(t.name for t in constants))


@st.composite
def fully_connected_graphs(
    draw: Draw,
    *,
    channels: st.SearchStrategy[int] = channel_counts,
    bias: bool | None = None,
    per_channel: bool | None = None,
    dtype: str = "int8",
) -> Case:
    """One fully_connected over one or more rows."""
    rng = draw(seeds)
    c_in, c_out = draw(channels), draw(channels)
    rows = draw(st.sampled_from([(1,), (1,), (1,), (3,), (1, 5), (2, 2)]))
    parts = weighted(draw, rng, (c_out, c_in), 0, bias, per_channel, dtype=dtype)
    tensors = [
        Tensor("input", (*rows, c_in), "int8", parts.x),
        *parts.constants,
        Tensor("output", (*rows, c_out), "int8", parts.out),
    ]
    op = FullyConnected(name="dense", inputs=_names(parts.constants), outputs=("output",), clamp=parts.clamp)
    return make_case(op, tensors, rng)


@st.composite
def batch_matmul_graphs(draw: Draw) -> Case:
    """One batch_matmul of two activations that broadcast; sometimes one is a constant, or both are the same."""
    rng, a, b = draw(seeds), draw(quantizations), draw(quantizations)
    rows, depth, columns = draw(st.integers(1, 9)), draw(channel_counts), draw(st.integers(1, 9))
    batch = tuple(draw(st.integers(1, 3)) for _ in range(draw(st.integers(0, 4))))
    ones = tuple(1 if draw(st.booleans()) else n for n in batch)
    batches = draw(st.permutations([batch, draw(st.sampled_from([batch, ones, ()]))]))
    transposed, alike = draw(st.booleans()), draw(st.integers(0, 4)) == 0
    shape = (*batches[1], columns, depth) if transposed else (*batches[1], depth, columns)
    if alike:
        transposed, rows = True, columns
        b, batches = a, [batch, batch]
        shape = (*batch, columns, depth)
    natural = a.scale * b.scale * math.sqrt(depth) * 75 * 75 / 40
    out = Quantization.per_tensor(natural * 2.0 ** draw(st.one_of(st.floats(-2, 3), st.floats(-12, 16))), 0)
    out = Quantization.per_tensor(out.scale, draw(zero_points))
    tensors = [Tensor("input", (*batches[0], rows, depth), "int8", a), Tensor("other", shape, "int8", b)]
    constant = draw(st.sampled_from([None, None, None, 0, 1]))
    if constant is not None and not alike:
        tensors[constant] = replace(tensors[constant], data=random_int8(rng, tensors[constant].shape))
    tensors.append(Tensor("output", (*batch, rows, columns), "int8", out))
    op = BatchMatMul(
        name="matmul",
        inputs=("input", "input" if alike else "other"),
        outputs=("output",),
        transposed=transposed,
        clamp=draw(clamps(out.zero_point)),
    )
    return make_case(op, [t for t in tensors if not alike or t.name != "other"], rng)
