"""Hypothesis strategies for graphs of one reduction over axes, or one cumulative sum."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from hypothesis import strategies as st

from mcugen.graph import Quantization, Tensor
from mcugen.graph.ops import (
    ArgMax,
    ArgMin,
    CumulativeSum,
    IntegerCumulativeSum,
    IntegerProduct,
    IntegerSum,
    Mean,
    Moment,
    Operator,
    Product,
    ReduceMax,
    ReduceMin,
    ReduceSum,
)
from mcugen.graph.ops.reduction.moment import thresholds
from mcugen.graph.tensor import ACTIVATION_DTYPES
from tests.graph.strategies.draws import Case, Draw, make_case, quantizations, seeds, shapes, zero_points

Shape = tuple[int, ...]


def reduced_axes(draw: Draw, shape: Shape, most: int | None = None) -> tuple[Shape, Shape]:
    """Reduced axes, and the output's shape."""
    axes = tuple(sorted(draw(st.sets(st.integers(0, len(shape) - 1), min_size=1, max_size=most))))
    kept = tuple(1 if a in axes else n for a, n in enumerate(shape))
    dropped = tuple(n for a, n in enumerate(shape) if a not in axes)
    return axes, draw(st.sampled_from([kept, dropped])) if dropped else kept


def _any_type(draw: Draw) -> tuple[str, Quantization | None]:
    dtype = draw(st.one_of(st.just("quantized"), st.sampled_from(sorted(ACTIVATION_DTYPES))))
    return ("int8", draw(quantizations)) if dtype == "quantized" else (dtype, None)


def _plain(cls: type[Operator], out_type: str | None, most: int | None) -> Callable[[], st.SearchStrategy[Case]]:
    @st.composite
    def graphs(draw: Draw) -> Case:
        shape, (dtype, q) = draw(shapes()), _any_type(draw)
        if cls in (IntegerSum, IntegerProduct):
            dtype, q = draw(st.sampled_from(sorted(ACTIVATION_DTYPES))), None
        axes, out = reduced_axes(draw, shape, most)
        result = Tensor("output", out, out_type or dtype, None if out_type else q)
        op = cls(name="reduce", inputs=("input",), outputs=("output",), axes=axes)  # type: ignore[call-arg]
        return make_case(op, [Tensor("input", shape, dtype, q), result], draw(seeds))

    return graphs


@st.composite
def reduce_sum_graphs(draw: Draw) -> Case:
    """One sum, from nearly constant to saturating."""
    shape, q = draw(shapes()), draw(quantizations)
    axes, out_shape = reduced_axes(draw, shape)
    out = Quantization.per_tensor(q.scale * 2.0 ** draw(st.floats(-3, 12)), draw(zero_points))
    tensors = [Tensor("input", shape, "int8", q), Tensor("output", out_shape, "int8", out)]
    op = ReduceSum(name="sum", inputs=("input",), outputs=("output",), axes=axes)
    return make_case(op, tensors, draw(seeds))


@st.composite
def moment_graphs(draw: Draw) -> Case:
    """One norm or deviation."""
    shape, q, centered = draw(shapes()), draw(quantizations), draw(st.booleans())
    axes, out_shape = reduced_axes(draw, shape)
    out = Quantization.per_tensor(q.scale * 2.0 ** draw(st.floats(-2, 8)), draw(zero_points))
    tensors = [Tensor("input", shape, "int8", q), Tensor("output", out_shape, "int8", out)]
    steps = np.arange(-128, 128) - (0 if centered else q.zero_point)
    squares = tuple(int(v) for v in steps**2)
    count = int(np.prod([shape[a] for a in axes]))
    factor = q.scale / count if centered else q.scale
    shift = max((count * count * max(squares)).bit_length() - 31, 0) if centered else 0
    op = Moment(
        name="moment",
        inputs=("input",),
        outputs=("output",),
        axes=axes,
        values=squares,
        thresholds=thresholds(lambda sums: np.sqrt(sums * 2.0**shift) * factor, out),
        centered=centered,
        shift=shift,
    )
    return make_case(op, tensors, draw(seeds))


@st.composite
def cumulative_sum_graphs(draw: Draw) -> Case:
    """One cumulative sum."""
    shape, q = draw(shapes()), draw(quantizations)
    out = Quantization.per_tensor(q.scale * 2.0 ** draw(st.floats(-3, 8)), draw(zero_points))
    tensors = [Tensor("input", shape, "int8", q), Tensor("output", shape, "int8", out)]
    axis = draw(st.integers(0, len(shape) - 1))
    return make_case(CumulativeSum(name="c", inputs=("input",), outputs=("output",), axis=axis), tensors, draw(seeds))


@st.composite
def integer_cumulative_sum_graphs(draw: Draw) -> Case:
    """One cumulative sum of plain integers."""
    shape = draw(shapes())
    given, made = draw(st.sampled_from(sorted(ACTIVATION_DTYPES))), draw(st.sampled_from(["int8", "int32", "int64"]))
    op = IntegerCumulativeSum(
        name="c", inputs=("input",), outputs=("output",), axis=draw(st.integers(0, len(shape) - 1))
    )
    return make_case(op, [Tensor("input", shape, given), Tensor("output", shape, made)], draw(seeds))


@st.composite
def product_graphs(draw: Draw) -> Case:
    """One product, of any scales; results from nothing to far beyond the range."""
    shape, q = draw(shapes()), draw(quantizations)
    axes, out_shape = reduced_axes(draw, shape)
    while int(np.prod([shape[a] for a in axes])) > 255:
        shape = tuple(max(n // 2, 1) for n in shape)
        out_shape = tuple(1 if a in axes else n for a, n in enumerate(shape))
    count = int(np.prod([shape[a] for a in axes]))
    natural = count * np.log2(q.scale * 40) - np.log2(40) + draw(st.floats(-6, 6))
    out = Quantization.per_tensor(float(2.0 ** np.clip(natural, -100, 100)), draw(zero_points))
    tensors = [Tensor("input", shape, "int8", q), Tensor("output", out_shape, "int8", out)]
    return make_case(Product(name="product", inputs=("input",), outputs=("output",), axes=axes), tensors, draw(seeds))


REDUCTIONS: dict[str, Callable[[], st.SearchStrategy[Case]]] = {
    "arg_max": _plain(ArgMax, "int64", 1),
    "arg_min": _plain(ArgMin, "int64", 1),
    "cumulative_sum": cumulative_sum_graphs,
    "integer_cumulative_sum": integer_cumulative_sum_graphs,
    "integer_product": _plain(IntegerProduct, "int64", None),
    "product": product_graphs,
    "integer_sum": _plain(IntegerSum, "int64", None),
    "moment": moment_graphs,
    "reduce_max": _plain(ReduceMax, None, None),
    "reduce_min": _plain(ReduceMin, None, None),
    "reduce_sum": reduce_sum_graphs,
}


@st.composite
def mean_graphs(draw: Draw, *, axes: tuple[int, ...] | None = None) -> Case:
    """One mean; `axes` (1, 2) over NHWC is the global average pool."""
    shape, q = draw(shapes(4 if axes else None)), draw(quantizations)
    if axes is None:
        some = draw(st.sets(st.integers(0, len(shape) - 1), min_size=1))
        axes = tuple(sorted(some))
    kept = tuple(1 if a in axes else n for a, n in enumerate(shape))
    dropped = tuple(n for a, n in enumerate(shape) if a not in axes)
    out_shape = draw(st.sampled_from([kept, dropped])) if dropped else kept
    out = Quantization.per_tensor(q.scale * 2.0 ** draw(st.floats(-5, 3)), draw(zero_points))
    same = draw(st.booleans())
    tensors = [
        Tensor("input", shape, "int8", q),
        Tensor("output", out_shape, "int8", q if same else out),
    ]
    return make_case(Mean(name="mean", inputs=("input",), outputs=("output",), axes=axes), tensors, draw(seeds))
