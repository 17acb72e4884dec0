"""Strategy for transposed convolutions."""

from __future__ import annotations

from hypothesis import strategies as st

from mcugen.graph import Tensor
from mcugen.graph.ops import TransposedConv2d
from tests.graph.strategies.draws import Case, Draw, image, make_case, pairs, seeds, weighted


@st.composite
def transposed_conv2d_graphs(draw: Draw, *, plain: bool = False, dtype: str = "int8") -> Case:
    """One transposed_conv2d with weights of `dtype`; `plain`: as LiteRT has it, without groups, dilation and positions
    appended."""
    rng = draw(seeds)
    groups = 1 if plain else draw(st.sampled_from([1, 1, 2, 3]))
    depth, per_group = draw(st.integers(1, 9)), draw(st.integers(1, 9))
    kernel, stride = draw(pairs(1, 4)), draw(pairs(1, 3))
    dilation = (1, 1) if plain else draw(st.one_of(st.just((1, 1)), pairs(1, 3)))
    shape = image(draw, groups * depth, groups * per_group)
    full = [(n - 1) * s + (k - 1) * d + 1 for n, s, k, d in zip(shape[1:3], stride, kernel, dilation, strict=True)]
    padding = (draw(st.integers(0, min(2, full[0] - 1))), draw(st.integers(0, min(2, full[1] - 1))))
    change = st.integers(-2, 0 if plain else 2)
    size = tuple(max(f - p + draw(change), 1) for f, p in zip(full, padding, strict=True))
    parts = weighted(draw, rng, (groups * per_group, *kernel, depth), 0, None, dtype=dtype)
    tensors = [
        Tensor("input", shape, "int8", parts.x),
        *parts.constants,
        Tensor("output", (shape[0], *size, groups * per_group), "int8", parts.out),
    ]
    op = TransposedConv2d(
        name="transposed",
        inputs=("input", *(t.name for t in parts.constants)),
        outputs=("output",),
        stride=stride,
        padding=padding,
        dilation=dilation,
        clamp=parts.clamp,
    )
    return make_case(op, tensors, rng)
