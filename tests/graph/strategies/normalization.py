"""Strategies for softmax in its forms, and normalization."""

from __future__ import annotations

from hypothesis import strategies as st

from mcugen.graph import Quantization, Tensor
from mcugen.graph.ops import (
    LogSoftmax,
    MaskedSoftmax,
    Normalize,
    Softmax,
)
from mcugen.graph.ops.normalization.normalize import pack_affine
from tests.graph.strategies.draws import (
    Case,
    Draw,
    channel_counts,
    make_case,
    quantizations,
    seeds,
    shapes,
    zero_points,
)
from tests.graph.strategies.wide import (
    real_quantizations,
)


@st.composite
def softmax_graphs(draw: Draw, *, elements: st.SearchStrategy[int] | None = None) -> Case:
    """One softmax over rows of 1 to about 300 elements, or of so many."""
    shape = draw(st.one_of(shapes(draw(st.integers(1, 2))), st.just((4, 300))))
    shape = shape if elements is None else (5, draw(elements))
    x = Quantization.per_tensor(2.0 ** draw(st.floats(-12, 7)), draw(zero_points))
    tensors = [
        Tensor("input", shape, "int8", x),
        Tensor("output", shape, "int8", Quantization.per_tensor(1 / 256, -128)),
    ]
    beta = draw(st.sampled_from([1.0, 1.0, 0.5, 2.0]))
    op = Softmax(name="softmax", inputs=("input",), outputs=("output",), beta=beta)
    return make_case(op, tensors, draw(seeds))


@st.composite
def log_softmax_graphs(draw: Draw) -> Case:
    """One log_softmax with any output quantization."""
    shape = draw(shapes(draw(st.integers(1, 3))))
    x = Quantization.per_tensor(2.0 ** draw(st.floats(-12, 7)), draw(zero_points))
    out = Quantization.per_tensor(2.0 ** draw(st.one_of(st.floats(-9, 1), st.floats(-24, 8))), draw(zero_points))
    tensors = [Tensor("input", shape, "int8", x), Tensor("output", shape, "int8", out)]
    return make_case(LogSoftmax(name="log", inputs=("input",), outputs=("output",)), tensors, draw(seeds))


@st.composite
def masked_softmax_graphs(draw: Draw) -> Case:
    """One masked softmax; the mask is a constant or an input, and broadcasts."""
    rng, shape = draw(seeds), draw(shapes())
    x = Quantization.per_tensor(2.0 ** draw(st.floats(-12, 7)), draw(zero_points))
    given = tuple(1 if draw(st.integers(0, 3)) == 0 else n for n in shape)[draw(st.integers(0, len(shape))) :]
    mask = rng.random(given) < draw(st.sampled_from([0.1, 0.5, 0.9]))
    tensors = [
        Tensor("input", shape, "int8", x),
        Tensor("mask", given, "bool", None, mask if draw(st.booleans()) else None),
        Tensor("output", shape, "int8", Quantization.per_tensor(2.0 ** -draw(st.sampled_from([8, 8, 11, 20])), -128)),
    ]
    op = MaskedSoftmax(
        name="softmax",
        inputs=("input", "mask"),
        outputs=("output",),
        beta=draw(st.sampled_from([1.0, 0.125])),
        included=draw(st.booleans()),
    )
    return make_case(op, tensors, rng)


@st.composite
def normalize_graphs(draw: Draw, bits: int = 8) -> Case:
    """One normalize, its factors shared in all ways; rows of equal elements and huge factors among them.

    Args:
        bits: of the output.
    """
    rng, x, out = draw(seeds), draw(real_quantizations()), draw(quantizations)
    if bits == 16:
        out = Quantization.per_tensor(out.scale, 0, 16)
    if x.bits == 16:
        x = Quantization.per_tensor(x.scale, 0, 16)
    groups, repeat = draw(channel_counts), draw(st.sampled_from([1, 1, 2, 9]))
    periods, times = draw(st.integers(1, 4)), draw(st.integers(1, 3))
    size = groups * repeat
    factors = rng.normal(size=(periods, groups)) * 2.0 ** draw(st.floats(-6, 14))
    offsets = rng.normal(size=(periods, groups)) * 2.0 ** draw(st.floats(-3, 9 if bits == 8 else 12.5))
    packed, added, shift = pack_affine(factors, offsets)
    tensors = [
        Tensor("input", (times, periods, size), x.dtype, x),
        Tensor("factors", (periods, groups), "int32", None, packed),
        Tensor("offsets", (periods, groups), "int32", None, added),
        Tensor("output", (times, periods, size), out.dtype, out),
    ]
    op = Normalize(
        name="normalize",
        inputs=("input", "factors", "offsets"),
        outputs=("output",),
        centered=draw(st.booleans()),
        epsilon=draw(st.sampled_from([0, 1, 2**31, 2**60, int(size * size * 0.01)])),
        least=draw(st.sampled_from([1, 1, 2**40])),
        shift=shift,
    )
    return make_case(op, tensors, rng)
