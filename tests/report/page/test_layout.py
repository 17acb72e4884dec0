"""Boxes of random graphs do not touch, and edges go around them."""

from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mcugen.report.page.layout import Layout, curve, layered, spaced


@st.composite
def graphs(draw: st.DrawFn) -> tuple[list[tuple[float, float]], list[tuple[int, int]]]:
    count = draw(st.integers(1, 14))
    size = st.tuples(st.sampled_from([40.0, 90.0, 200.0]), st.sampled_from([20.0, 60.0]))
    pairs = [(i, j) for i in range(count) for j in range(i + 1, count)]
    edges = draw(st.lists(st.sampled_from(pairs), max_size=24)) if pairs else []
    return [draw(size) for _ in range(count)], edges


def rectangles(layout: Layout, sizes: list[tuple[float, float]]) -> list[tuple[float, float, float, float]]:
    return [(x - w / 2, y - h / 2, x + w / 2, y + h / 2) for (x, y), (w, h) in zip(layout.centres, sizes, strict=True)]


@given(graphs())
def test_nothing_overlaps(graph: tuple[list[tuple[float, float]], list[tuple[int, int]]]) -> None:
    sizes, edges = graph
    layout = layered(sizes, edges)
    boxes = rectangles(layout, sizes)
    for i, (left, top, right, bottom) in enumerate(boxes):
        assert left >= 0 and top >= 0 and right <= layout.width and bottom <= layout.height
        for other in boxes[i + 1 :]:
            assert right <= other[0] or other[2] <= left or bottom <= other[1] or other[3] <= top
    for (start, end), path in zip(edges, layout.paths, strict=True):
        assert boxes[start][0] <= path[0][0] <= boxes[start][2] and path[0][1] == boxes[start][3]
        assert boxes[end][0] <= path[-1][0] <= boxes[end][2] and path[-1][1] == boxes[end][1]
        heights = [y for _, y in path]
        assert heights == sorted(heights), "edges lead down"
        # Where an edge is beside boxes it is vertical, and clear of all of them.
        for (x, top), (to_x, bottom) in list(pairwise(path))[1::2]:
            assert x == to_x
            assert not any(b[0] < x < b[2] and b[1] < bottom and top < b[3] for b in boxes)
        assert curve(path).startswith("M") and "nan" not in curve(path)


def test_a_chain_is_a_straight_line() -> None:
    layout = layered([(200.0, 60.0)] * 100, [(i, i + 1) for i in range(99)])
    assert len({x for x, _ in layout.centres}) == 1


def test_a_skipped_row_has_a_lane_beside_the_box() -> None:
    layout = layered([(100.0, 40.0)] * 3, [(0, 1), (1, 2), (0, 2)])
    xs = [x for x, _ in layout.paths[2]]
    assert any(abs(x - layout.centres[1][0]) > 50 for x in xs)


def test_crossings_are_undone() -> None:
    """0 and 1 above, 2 and 3 below, wired crosswise: one pair is exchanged."""
    layout = layered([(50.0, 20.0)] * 4, [(0, 3), (1, 2)])
    x = [x for x, _ in layout.centres]
    assert (x[0] < x[1]) == (x[3] < x[2])


@given(st.lists(st.tuples(st.floats(-100, 100), st.floats(0.1, 9)), min_size=1, max_size=8))
def test_places_keep_their_distance(items: list[tuple[float, float]]) -> None:
    wanted, weights = [x for x, _ in items], [w for _, w in items]
    found = spaced(wanted, weights, [10.0] * (len(items) - 1))
    assert all(b - a >= 10 - 1e-6 for a, b in pairwise(found))
    # Least squares: no single shift of all is better.
    shift = sum(w * (f - x) for f, x, w in zip(found, wanted, weights, strict=True))
    assert abs(shift) < 1e-6 * sum(weights) * 1000


def test_edges_lead_forwards() -> None:
    with pytest.raises(ValueError, match="lower to a higher"):
        layered([(1.0, 1.0)] * 2, [(1, 0)])
