"""Strategies for operators that keep values and change shape or order."""

from __future__ import annotations

import math

from hypothesis import strategies as st

from mcugen.graph import Tensor
from mcugen.graph.ops import (
    Concatenation,
    Copy,
    Reshape,
    Transpose,
)
from tests.graph.strategies.draws import (
    Case,
    Draw,
    make_case,
    quantizations,
    seeds,
    shapes,
    unary,
)


@st.composite
def reshape_graphs(draw: Draw) -> Case:
    """One reshape."""
    shape, q = draw(shapes()), draw(quantizations)
    rows = draw(st.sampled_from([d for d in range(1, shape[-1] + 1) if shape[-1] % d == 0]))
    out = draw(st.sampled_from([(1, math.prod(shape)), (*shape[:-1], rows, shape[-1] // rows)]))
    return unary(draw, Reshape(name="reshape", inputs=("input",), outputs=("output",)), shape, out, q)


@st.composite
def copy_graphs(draw: Draw) -> Case:
    """One copy."""
    shape, q = draw(shapes()), draw(quantizations)
    return unary(draw, Copy(name="copy", inputs=("input",), outputs=("output",)), shape, shape, q)


@st.composite
def transpose_graphs(draw: Draw) -> Case:
    """One transpose."""
    shape, q = draw(shapes()), draw(quantizations)
    permutation = tuple(draw(st.permutations(range(len(shape)))))
    op = Transpose(name="transpose", inputs=("input",), outputs=("output",), permutation=permutation)
    return unary(draw, op, shape, tuple(shape[a] for a in permutation), q)


@st.composite
def concatenation_graphs(draw: Draw) -> Case:
    """One concatenation of two to four inputs."""
    rng, q, shape = draw(seeds), draw(quantizations), draw(shapes())
    axis = draw(st.integers(0, len(shape) - 1))
    sizes = draw(st.lists(st.integers(1, 17), min_size=2, max_size=4))
    tensors = [Tensor(f"input{i}", (*shape[:axis], n, *shape[axis + 1 :]), "int8", q) for i, n in enumerate(sizes)]
    names = tuple(t.name for t in tensors)
    tensors.append(Tensor("output", (*shape[:axis], sum(sizes), *shape[axis + 1 :]), "int8", q))
    op = Concatenation(name="concatenation", inputs=names, outputs=("output",), axis=axis)
    return make_case(op, tensors, rng)
