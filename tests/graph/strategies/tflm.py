"""Random graphs of the operators in TensorFlow Lite Micro's own arithmetic."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import replace

from hypothesis import assume
from hypothesis import strategies as st

from mcugen.graph import Quantization, Tensor
from mcugen.graph.ops import (
    InverseRoot,
    L2Normalization,
    LitertProduct,
    Operator,
    Slopes,
    SquaredDifference,
    TflmCumulativeSum,
    TflmDiv,
    TflmLogSoftmax,
    TflmSoftmax,
)
from mcugen.graph.ops.tflm.product import MOST as MOST_FACTORS
from mcugen.graph.ops.tflm.softmax import SHARES
from tests.graph.strategies.draws import Case, Draw, make_case, quantizations, seeds, shapes, zero_points
from tests.graph.strategies.int16_functions import LEAST, MOST, function_case, quantization
from tests.graph.strategies.pairs import two_operands
from tests.graph.strategies.reduction import reduced_axes


def _pairs(kind: type[Operator]) -> Callable[[], st.SearchStrategy[Case]]:
    @st.composite
    def graphs(draw: Draw) -> Case:
        a, b = draw(quantizations), draw(quantizations)
        ratio = a.scale / b.scale if kind is TflmDiv else max(a.scale, b.scale) ** 2
        out = Quantization.per_tensor(ratio * 2.0 ** draw(st.floats(-9, 6)), draw(zero_points))
        tensors, shape = two_operands(draw, Tensor("input", (), "int8", a), Tensor("other", (), "int8", b))
        tensors.append(Tensor("output", shape, "int8", out))
        return make_case(kind(name="pair", inputs=("input", "other"), outputs=("output",)), tensors, draw(seeds))

    return graphs


def _rows(kind: type[Operator], out: Quantization, dtype: str = "int8") -> Callable[[], st.SearchStrategy[Case]]:
    @st.composite
    def graphs(draw: Draw) -> Case:
        shape = draw(shapes(draw(st.integers(1, 3))))
        x = Quantization.per_tensor(2.0 ** draw(st.floats(-12, 5)), draw(zero_points))
        tensors = [Tensor("input", shape, "int8", x), Tensor("output", shape, dtype, out)]
        return make_case(kind(name="rows", inputs=("input",), outputs=("output",)), tensors, draw(seeds))

    return graphs


@st.composite
def _cumulative_sums(draw: Draw) -> Case:
    shape, q = draw(shapes()), draw(quantizations)
    out = Quantization.per_tensor(q.scale * 2.0 ** draw(st.floats(-3, 8)), draw(zero_points))
    tensors = [Tensor("input", shape, "int8", q), Tensor("output", shape, "int8", out)]
    op = TflmCumulativeSum(name="c", inputs=("input",), outputs=("output",), axis=draw(st.integers(0, len(shape) - 1)))
    return make_case(op, tensors, draw(seeds))


@st.composite
def _products(draw: Draw) -> Case:
    shape, q = draw(shapes()), draw(quantizations)
    axes, after = reduced_axes(draw, shape)
    count = math.prod(shape[axis] for axis in axes)
    assume(count <= MOST_FACTORS)
    step = min(q.scale * 2.0 ** draw(st.floats(-6, 8)), q.scale**0.5)
    exponent = math.log2(q.scale) + (count - 1) * math.log2(step)
    out = Quantization.per_tensor(2.0 ** min(max(exponent, -100), 100), draw(zero_points))
    tensors = [Tensor("input", shape, "int8", q), Tensor("output", after, "int8", out)]
    return make_case(LitertProduct(name="p", inputs=("input",), outputs=("output",), axes=axes), tensors, draw(seeds))


@st.composite
def _slopes(draw: Draw) -> Case:
    """Powers of two among them: halves of steps, where a slope's sign decides."""
    drawn = st.one_of(st.floats(-10, 3).map(lambda e: 2.0**e), st.sampled_from([0.0, 0.25, 0.5, 1.0, 300.0]))
    negative, other = (float(draw(drawn)) * draw(st.sampled_from([-1, 1])) for _ in range(2))
    low, high = sorted(draw(st.tuples(st.integers(LEAST, MOST), st.integers(LEAST, MOST))))
    clamp = draw(st.sampled_from([(LEAST, MOST), (0, MOST), (low, high)]))
    slopes = Slopes(name="s", inputs=("input",), outputs=("output",), negative=negative, other=other, clamp=clamp)
    op = replace(slopes, magnitude=draw(st.booleans()))
    return function_case(op, draw(shapes()), quantization(0.01), quantization(0.01), draw(seeds))


@st.composite
def _inverse_roots(draw: Draw) -> Case:
    x, out = (quantization(2.0 ** draw(st.floats(-16, -4))) for _ in range(2))
    return function_case(
        InverseRoot(name="r", inputs=("input",), outputs=("output",)), draw(shapes()), x, out, draw(seeds)
    )


TFLM: dict[str, Callable[[], st.SearchStrategy[Case]]] = {
    "inverse_root": _inverse_roots,
    "l2_normalization": _rows(L2Normalization, Quantization.per_tensor(1 / 128, 0)),
    "litert_product": _products,
    "slopes": _slopes,
    "squared_difference": _pairs(SquaredDifference),
    "tflm_cumulative_sum": _cumulative_sums,
    "tflm_div": _pairs(TflmDiv),
    "tflm_softmax": _rows(TflmSoftmax, SHARES, "int16"),
    "tflm_log_softmax": _rows(TflmLogSoftmax, Quantization.per_tensor(1 / 16, 127)),
}
