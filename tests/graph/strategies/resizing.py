"""Strategies for bilinear interpolation and adaptive pooling."""

from __future__ import annotations

from typing import Any

from hypothesis import strategies as st

from mcugen.graph import Quantization, Tensor
from mcugen.graph.ops import AdaptiveAveragePool2d, MaxPoolPlaces2d, ResizeBilinear, SpannedMaxPool2d
from tests.graph.strategies.draws import Case, Draw, channel_counts, image, make_case, quantizations, seeds


@st.composite
def resize_bilinear_graphs(draw: Draw) -> Case:
    """One resize_bilinear at any places."""
    shape, q = image(draw, draw(channel_counts)), draw(quantizations)
    rows, columns = (_places(draw, size) for size in shape[1:3])
    tensors = [
        Tensor("input", shape, "int8", q),
        Tensor("output", (shape[0], len(rows), len(columns), shape[3]), "int8", q),
    ]
    op = ResizeBilinear(name="resize", inputs=("input",), outputs=("output",), rows=rows, columns=columns)
    return make_case(op, tensors, draw(seeds))


def _places(draw: Draw, size: int) -> tuple[tuple[int, int], ...]:
    fractions = st.one_of(st.sampled_from([0, 1, 512, 1024, 2047]), st.integers(0, 2047))
    firsts = draw(st.lists(st.integers(0, size - 1), min_size=1, max_size=6))
    return tuple((i, draw(fractions) if i < size - 1 else 0) for i in firsts)


@st.composite
def adaptive_average_graphs(draw: Draw) -> Case:
    """One adaptive_average_pool2d with any windows."""
    shape, q = image(draw, draw(channel_counts)), draw(quantizations)
    rows, columns = (_spans(draw, size) for size in shape[1:3])
    tensors = [
        Tensor("input", shape, "int8", q),
        Tensor("output", (shape[0], len(rows), len(columns), shape[3]), "int8", q),
    ]
    op = AdaptiveAveragePool2d(name="pool", inputs=("input",), outputs=("output",), rows=rows, columns=columns)
    return make_case(op, tensors, draw(seeds))


def _spanned(places: bool, bits: int) -> st.SearchStrategy[Case]:
    @st.composite
    def graphs(draw: Draw) -> Case:
        shape, q = image(draw, draw(channel_counts)), draw(quantizations)
        if bits == 16:
            q = Quantization.per_tensor(q.scale, 0, 16)
        rows, columns = (_spans(draw, size) for size in shape[1:3])
        out = (shape[0], len(rows), len(columns), shape[3])
        result = Tensor("output", out, "int64") if places else Tensor("output", out, q.dtype, q)
        windows: dict[str, Any] = {"rows": rows, "columns": columns, "step": (draw(_STEPS), draw(_STEPS))}
        if places:
            windows["row_elements"] = draw(st.sampled_from([0, shape[2]]))
        kind = MaxPoolPlaces2d if places else SpannedMaxPool2d
        op = kind(name="pool", inputs=("input",), outputs=("output",), **windows)
        return make_case(op, [Tensor("input", shape, q.dtype, q), result], draw(seeds))

    return graphs()


_STEPS = st.integers(1, 3)


def spanned_max_graphs(bits: int = 8) -> st.SearchStrategy[Case]:
    """One spanned_max_pool2d with any windows."""
    return _spanned(False, bits)


def max_pool_places_graphs(bits: int = 8) -> st.SearchStrategy[Case]:
    """One max_pool_places2d with any windows."""
    return _spanned(True, bits)


def _spans(draw: Draw, size: int) -> tuple[tuple[int, int], ...]:
    firsts = draw(st.lists(st.integers(0, size - 1), min_size=1, max_size=5))
    return tuple((first, draw(st.integers(first + 1, size))) for first in firsts)
