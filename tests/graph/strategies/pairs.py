"""Hypothesis strategies for graphs of one element-wise operator of plain integers, or of two or three tensors."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np
from hypothesis import strategies as st

from mcugen.graph import Quantization, Tensor
from mcugen.graph.ops import Cast, Compare, Div, FromInteger, Integer, Maximum, Minimum, Prelu, Where
from mcugen.graph.ops.elementwise.integer import COMPARISONS, OPERATIONS
from mcugen.graph.tensor import ACTIVATION_DTYPES
from tests.graph.strategies.draws import Case, Draw, make_case, quantizations, random_values, seeds, shapes, zero_points

_PLAIN = st.sampled_from(sorted(ACTIVATION_DTYPES))


def second_shape(draw: Draw, shape: tuple[int, ...]) -> tuple[int, ...]:
    """A shape that broadcasts with `shape`: the same, some axes 1, or leading axes missing."""
    kind = draw(st.sampled_from(["same", "same", "ones", "channels", "scalar"]))
    if kind == "ones":
        return tuple(1 if draw(st.booleans()) else n for n in shape)
    return {"same": shape, "channels": shape[-1:], "scalar": (1,)}[kind]


def _filled(draw: Draw, rng: np.random.Generator, tensors: list[Tensor], which: int | None) -> list[Tensor]:
    """The tensors, of which one is a constant."""
    if which is not None:
        tensors[which] = replace(tensors[which], data=random_values(rng, tensors[which]))
    return tensors


def two_operands(draw: Draw, first: Tensor, second: Tensor) -> tuple[list[Tensor], tuple[int, ...]]:
    """The two tensors with shapes that broadcast, one of them perhaps a constant, and their common shape."""
    shape, rng = draw(shapes()), draw(seeds)
    a, b = draw(st.permutations([shape, second_shape(draw, shape)]))
    tensors = [replace(first, shape=a), replace(second, shape=b)]
    return _filled(draw, rng, tensors, draw(st.sampled_from([None, None, 0, 1]))), shape


@st.composite
def integer_graphs(draw: Draw) -> Case:
    """One integer operation on any type."""
    dtype, operation = draw(_PLAIN), draw(st.sampled_from(sorted(OPERATIONS)))
    tensors, shape = two_operands(draw, Tensor("input", (), dtype), Tensor("other", (), dtype))
    tensors.append(Tensor("output", shape, "bool" if operation in COMPARISONS else dtype))
    op = Integer(name="integer", inputs=("input", "other"), outputs=("output",), operation=operation)
    return make_case(op, tensors, draw(seeds))


def _extremum(draw: Draw, cls: type[Maximum] | type[Minimum]) -> Case:
    dtype = draw(st.one_of(st.just("quantized"), _PLAIN))
    q = draw(quantizations) if dtype == "quantized" else None
    kind = "int8" if q else dtype
    tensors, shape = two_operands(draw, Tensor("input", (), kind, q), Tensor("other", (), kind, q))
    tensors.append(Tensor("output", shape, kind, q))
    return make_case(cls(name=cls.kind, inputs=("input", "other"), outputs=("output",)), tensors, draw(seeds))


@st.composite
def maximum_graphs(draw: Draw) -> Case:
    """One maximum."""
    return _extremum(draw, Maximum)


@st.composite
def minimum_graphs(draw: Draw) -> Case:
    """One minimum."""
    return _extremum(draw, Minimum)


@st.composite
def cast_graphs(draw: Draw) -> Case:
    """One cast between plain types."""
    shape = draw(shapes())
    tensors = [Tensor("input", shape, draw(_PLAIN)), Tensor("output", shape, draw(_PLAIN))]
    return make_case(Cast(name="cast", inputs=("input",), outputs=("output",)), tensors, draw(seeds))


@st.composite
def from_integer_graphs(draw: Draw) -> Case:
    """One conversion of a plain type to int8 with a scale."""
    shape, scale = draw(shapes()), 2.0 ** draw(st.floats(-12, 40))
    out = Quantization.per_tensor(scale, draw(zero_points))
    tensors = [Tensor("input", shape, draw(_PLAIN)), Tensor("output", shape, "int8", out)]
    return make_case(FromInteger(name="from", inputs=("input",), outputs=("output",)), tensors, draw(seeds))


@st.composite
def compare_graphs(draw: Draw, wide: bool = False) -> Case:
    """One comparison of two scales, which sometimes are equal; of int8, or (`wide`) with int16 on one side or both."""
    a, b = draw(quantizations), draw(quantizations)
    if draw(st.booleans()):
        b = Quantization.per_tensor(a.scale * draw(st.sampled_from([0.5, 1.0, 1.1])), draw(zero_points))
    if wide:
        a = Quantization.per_tensor(a.scale / 256, 0, 16)
        b = draw(st.sampled_from([b, Quantization.per_tensor(b.scale / 256, 0, 16)]))
        a, b = draw(st.permutations([a, b]))
    tensors, shape = two_operands(draw, Tensor("input", (), a.dtype, a), Tensor("other", (), b.dtype, b))
    tensors.append(Tensor("output", shape, "bool"))
    operation = draw(st.sampled_from(COMPARISONS))
    op = Compare(name="compare", inputs=("input", "other"), outputs=("output",), operation=operation)
    return make_case(op, tensors, draw(seeds))


@st.composite
def div_graphs(draw: Draw) -> Case:
    """One quotient."""
    a, b = draw(quantizations), draw(quantizations)
    out = Quantization.per_tensor(a.scale / b.scale * 2.0 ** draw(st.floats(-6, 3)), draw(zero_points))
    tensors, shape = two_operands(draw, Tensor("input", (), "int8", a), Tensor("other", (), "int8", b))
    tensors.append(Tensor("output", shape, "int8", out))
    return make_case(Div(name="div", inputs=("input", "other"), outputs=("output",)), tensors, draw(seeds))


@st.composite
def prelu_graphs(draw: Draw) -> Case:
    """One prelu, with slopes that broadcast to its input."""
    shape, rng, x = draw(shapes()), draw(seeds), draw(quantizations)
    slope = Quantization.per_tensor(2.0 ** draw(st.floats(-12, -5)), draw(zero_points))
    out = Quantization.per_tensor(x.scale * 2.0 ** draw(st.floats(-2, 2)), draw(zero_points))
    tensors = [Tensor("input", shape, "int8", x), Tensor("slope", second_shape(draw, shape), "int8", slope)]
    tensors = _filled(draw, rng, tensors, draw(st.sampled_from([None, 1, 1])))
    tensors.append(Tensor("output", shape, "int8", out))
    return make_case(Prelu(name="prelu", inputs=("input", "slope"), outputs=("output",)), tensors, rng)


@st.composite
def where_graphs(draw: Draw) -> Case:
    """One choice between two tensors of any type; one of the three may be a constant."""
    dtype, rng, shape = draw(st.one_of(st.just("quantized"), _PLAIN)), draw(seeds), draw(shapes())
    q = draw(quantizations) if dtype == "quantized" else None
    kind = "int8" if q else dtype
    first, second, third = draw(st.permutations([shape, *(second_shape(draw, shape) for _ in range(2))]))
    tensors = [Tensor("input", first, "bool"), Tensor("yes", second, kind, q), Tensor("no", third, kind, q)]
    tensors = _filled(draw, rng, tensors, draw(st.sampled_from([None, 0, 1, 2])))
    tensors.append(Tensor("output", shape, kind, q))
    return make_case(Where(name="where", inputs=("input", "yes", "no"), outputs=("output",)), tensors, rng)


PAIRS: dict[str, Callable[[], st.SearchStrategy[Case]]] = {
    "cast": cast_graphs,
    "compare": lambda: st.one_of(compare_graphs(), compare_graphs(wide=True)),
    "div": div_graphs,
    "from_integer": from_integer_graphs,
    "integer": integer_graphs,
    "maximum": maximum_graphs,
    "minimum": minimum_graphs,
    "prelu": prelu_graphs,
    "where": where_graphs,
}
