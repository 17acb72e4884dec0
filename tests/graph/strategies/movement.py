"""Strategies for operators that only move values."""

from __future__ import annotations

import numpy as np
from hypothesis import strategies as st

from mcugen.graph import Quantization, Tensor
from mcugen.graph.ops import Embedding, Gather, GatherElements, Pad, Take, TakeSum
from mcugen.graph.tensor import DTYPES
from tests.graph.strategies.draws import Case, Draw, make_case, quantizations, random_int8, seeds, shapes, zero_points


@st.composite
def take_graphs(draw: Draw) -> Case:
    """One take: along each axis all, a slice with a step, a flip, repetitions or any places."""
    shape, q = draw(shapes()), draw(quantizations)
    indices = tuple(_places(draw, n, few=n > 40) for n in shape)
    tensors = [Tensor("input", shape, "int8", q), Tensor("output", tuple(map(len, indices)), "int8", q)]
    return make_case(Take(name="take", inputs=("input",), outputs=("output",), indices=indices), tensors, draw(seeds))


def _places(draw: Draw, size: int, few: bool) -> tuple[int, ...]:
    kind = draw(st.sampled_from(["all", "all", "slice", "flip", "repeat", "tile", "any"]))
    if kind == "slice":
        start = draw(st.integers(0, size - 1))
        return tuple(range(start, draw(st.integers(start + 1, size)), draw(st.integers(1, 3))))
    if kind == "any":
        return tuple(draw(st.lists(st.integers(0, size - 1), min_size=1, max_size=9)))
    every = tuple(range(size))
    if kind == "repeat" and not few:
        return tuple(i for i in every for _ in range(2))
    return {"flip": every[::-1], "tile": every * (1 if few else 2)}.get(kind, every)


@st.composite
def take_sum_graphs(draw: Draw) -> Case:
    """One take_sum of any places: none, one or several for each place along an axis."""
    shape, q = draw(shapes()), draw(quantizations)
    rank, elements = draw(st.integers(1, 5)), int(np.prod(shape))
    term = st.integers(0, (elements - 1) // rank)
    most = 12 if rank == 1 else 5 if rank < 4 else 2
    axis = st.lists(st.lists(term, max_size=3).map(tuple), min_size=1, max_size=most).map(tuple)
    taps = tuple(draw(axis) for _ in range(rank))
    out = Quantization.per_tensor(q.scale * 2.0 ** draw(st.floats(-3, 5)), draw(zero_points))
    tensors = [Tensor("input", shape, "int8", q), Tensor("output", tuple(map(len, taps)), "int8", out)]
    return make_case(TakeSum(name="sum", inputs=("input",), outputs=("output",), taps=taps), tensors, draw(seeds))


def _gathered(elements: bool) -> st.SearchStrategy[Case]:
    @st.composite
    def graphs(draw: Draw) -> Case:
        rng, shape = draw(seeds), draw(shapes())
        dtype, q = draw(st.sampled_from([("int8", draw(quantizations)), ("int32", None), ("int64", None)]))
        axis = draw(st.integers(0, len(shape) - 1))
        before, behind = shape[:axis], shape[axis + 1 :]
        count = tuple(draw(st.lists(st.integers(1, 5), min_size=elements, max_size=1 if elements else 2)))
        if len(before) + len(count) + len(behind) > 6:
            count = count[:1]
        out = (*before, *count, *behind)
        tensors = [
            Tensor("ids", out if elements else count, draw(st.sampled_from(["int16", "int32", "int64"]))),
            Tensor("data", shape, dtype, q),
            Tensor("output", out, dtype, q),
        ]
        kind = GatherElements if elements else Gather
        case = make_case(kind(name="gather", inputs=("ids", "data"), outputs=("output",), axis=axis), tensors, rng)
        ids = rng.integers(0, shape[axis], tensors[0].shape)
        return Case(case.graph, {**case.inputs, "ids": np.asarray(ids, DTYPES[tensors[0].dtype])})

    return graphs()


def gather_graphs() -> st.SearchStrategy[Case]:
    """One gather of rows along any axis."""
    return _gathered(elements=False)


def gather_elements_graphs() -> st.SearchStrategy[Case]:
    """One gather of an element for each id."""
    return _gathered(elements=True)


@st.composite
def pad_graphs(draw: Draw, *, rank: int | None = None) -> Case:
    """One pad, mostly with zeros. LiteRT pads at most five axes."""
    shape, q = draw(shapes(rank)), draw(quantizations)
    most = 3 if len(shape) <= 4 else 1
    padding = tuple(draw(st.tuples(st.integers(0, most), st.integers(0, most))) for _ in shape)
    out = tuple(n + before + after for n, (before, after) in zip(shape, padding, strict=True))
    value = draw(st.one_of(st.none(), st.none(), st.integers(-128, 127)))
    tensors = [Tensor("input", shape, "int8", q), Tensor("output", out, "int8", q)]
    op = Pad(name="pad", inputs=("input",), outputs=("output",), padding=padding, value=value)
    return make_case(op, tensors, draw(seeds))


@st.composite
def embedding_graphs(draw: Draw) -> Case:
    """One embedding of ids of any type."""
    rng, q = draw(seeds), draw(quantizations)
    shape = tuple(draw(st.lists(st.integers(1, 6), max_size=3)))
    rows, depth = draw(st.integers(1, 300)), draw(st.integers(1, 20))
    dtype = draw(st.sampled_from(["int32", "int64", "int16", "int8"]))
    tensors = [
        Tensor("ids", shape, dtype),
        Tensor("table", (rows, depth), "int8", q, random_int8(rng, (rows, depth))),
        Tensor("output", (*shape, depth), "int8", q),
    ]
    case = make_case(Embedding(name="embedding", inputs=("ids", "table"), outputs=("output",)), tensors, rng)
    ids = rng.integers(0, min(rows, 128 if dtype == "int8" else rows), shape)
    return Case(case.graph, {"ids": np.asarray(ids, DTYPES[dtype])})
