"""The arena solver against a byte-by-byte simulation and against brute force."""

from __future__ import annotations

import pytest
from hypothesis import given, settings

from mcugen.plan.arena import (
    Buffer,
    Layout,
    Problem,
    SharedPair,
    live_bound,
    lower_bound,
    solve,
    step_bound,
    step_bounds,
)
from mcugen.plan.blocks import make_blocks
from mcugen.plan.problem import align_up
from mcugen.plan.search import first_fit, greedy_orders
from tests.plan.strategies import problems

quick = settings(max_examples=120, deadline=None, derandomize=True)


def simulate(problem: Problem, offsets: dict[str, int]) -> int:
    """Walks the steps with a map of bytes, asserting the rules as kernels state them; returns the highest byte used."""
    allowed = {(p.lower, p.upper): p for p in problem.pairs}
    highest = 0
    steps = [b.last_step for b in problem.buffers]
    for step in range(max(steps, default=-1) + 1):
        owners: dict[int, list[Buffer]] = {}
        for buffer in problem.buffers:
            if not buffer.first_step <= step <= buffer.last_step:
                continue
            start = offsets[buffer.name]
            assert start >= 0 and start % buffer.alignment == 0
            for byte in range(start, start + buffer.size):
                owners.setdefault(byte, []).append(buffer)
                highest = max(highest, byte + 1)
        for held in owners.values():
            for i, a in enumerate(held):
                for b in held[i + 1 :]:
                    assert permitted(allowed, offsets, a, b) or permitted(allowed, offsets, b, a), (step, a, b)
    return highest


def permitted(
    allowed: dict[tuple[str, str], SharedPair], offsets: dict[str, int], lower: Buffer, upper: Buffer
) -> bool:
    pair = allowed.get((lower.name, upper.name))
    if pair is None:
        return False
    distance = offsets[upper.name] - offsets[lower.name]
    return distance == pair.distance if pair.exact else distance >= max(pair.distance, 0)


def brute_force(problem: Problem, limit: int) -> int:
    """The optimum, at most `limit`, by trying all offsets. Only for a handful of tiny buffers."""
    best = limit
    offsets: dict[str, int] = {}

    def place(count: int) -> None:
        nonlocal best
        if count == len(problem.buffers):
            best = min(best, problem.size_of(offsets))
            return
        buffer = problem.buffers[count]
        for offset in range(0, max(best - buffer.size, 1), buffer.alignment):
            offsets[buffer.name] = offset
            if not problem.restricted(range(count + 1)).faults(offsets):
                place(count + 1)
        offsets.pop(buffer.name, None)

    place(0)
    return best


@quick
@given(problems(buffers=12, steps=8, size=40))
def test_layouts_are_valid_and_never_below_the_bound(problem: Problem) -> None:
    layout = solve(problem, nodes=20_000)
    assert simulate(problem, dict(layout.offsets)) == layout.size
    assert not problem.faults(layout.offsets)
    assert lower_bound(problem) <= layout.lower_bound <= layout.size


@quick
@given(problems(buffers=5, steps=4, size=6, exact_distance=0))
def test_small_problems_are_solved_to_the_optimum_and_proven(problem: Problem) -> None:
    layout = solve(problem)
    assert layout.optimal
    assert brute_force(problem, layout.size) == layout.size


@quick
@given(problems(buffers=5, steps=4, size=6))
def test_bounds_hold_with_exact_pairs(problem: Problem) -> None:
    layout = solve(problem, nodes=20_000)
    optimum = brute_force(problem, layout.size)
    assert layout.lower_bound <= optimum
    assert all(bound <= optimum for bound in step_bounds(problem).values())


@quick
@given(problems(buffers=7, steps=3, size=7, exact_distance=0))
def test_the_bound_of_one_step_is_its_optimum(problem: Problem) -> None:
    live = [i for i, b in enumerate(problem.buffers) if b.first_step <= 1 <= b.last_step][:5]
    relaxed = problem.relaxed.restricted(live)
    limit = sum(b.size + b.alignment for b in relaxed.buffers)
    assert step_bound(problem.restricted(live), 1) == lower_bound(relaxed) == brute_force(relaxed, limit)


@quick
@given(problems(buffers=10, steps=6, size=30))
def test_greedy_is_valid_and_below_the_sum_of_all(problem: Problem) -> None:
    model = make_blocks(problem)
    assert model is not None
    for order in greedy_orders(model):
        offsets = model.spread(first_fit(model, order))
        simulate(problem, dict(zip((b.name for b in problem.buffers), offsets, strict=True)))
        assert model.span(first_fit(model, order)) <= sum(b.size + b.alignment - 1 for b in problem.buffers)


@quick
@given(problems(buffers=12, steps=8, size=40, alignments=(4,)))
def test_live_bound_is_the_largest_aligned_sum(problem: Problem) -> None:
    sums = [0]
    for step in range(8):
        live = [b for b in problem.buffers if b.first_step <= step <= b.last_step and b.size]
        if live:
            slack = max(align_up(b.size, 4) - b.size for b in live)
            sums.append(sum(align_up(b.size, 4) for b in live) - slack)
    assert live_bound(problem) == max(sums)
    assert lower_bound(problem) <= live_bound(problem)


def line(*sizes: int, pairs: tuple[SharedPair, ...] = (), alignment: int = 1) -> Problem:
    """A chain: buffer i is written by step i and read by step i + 1."""
    return Problem(tuple(Buffer(f"t{i}", s, alignment, i, i + 1) for i, s in enumerate(sizes)), pairs)


def test_in_place_needs_the_larger_of_the_two() -> None:
    layout = solve(line(100, 60, pairs=(SharedPair("t1", "t0", 0),)))
    assert (layout.size, layout.lower_bound, layout.live_bound) == (100, 100, 160)


def test_diagonal_sharing_needs_the_distance_besides() -> None:
    layout = solve(line(100, 100, pairs=(SharedPair("t1", "t0", 7),)))
    assert (layout.size, layout.lower_bound) == (107, 107)
    assert layout.offsets["t1"] + 7 <= layout.offsets["t0"]


def test_the_distance_is_rounded_up_to_the_alignment() -> None:
    assert solve(line(100, 100, pairs=(SharedPair("t1", "t0", 7),), alignment=4)).size == 108


def test_a_distance_as_large_as_the_output_is_no_benefit() -> None:
    assert solve(line(100, 100, pairs=(SharedPair("t1", "t0", 500),))).size == 200


def test_drift_of_a_diagonal_chain_is_proven_by_windows() -> None:
    """Each step alone needs 110, but three of them in a row drift 30 bytes downwards."""
    pairs = tuple(SharedPair(f"t{i + 1}", f"t{i}", 10) for i in range(3))
    layout = solve(line(100, 100, 100, 100, pairs=pairs))
    assert lower_bound(line(100, 100, 100, 100, pairs=pairs)) == 110
    assert (layout.size, layout.lower_bound) == (130, 130)


def test_an_exact_pair_shares_at_its_distance_or_not_at_all() -> None:
    pairs = (SharedPair("t1", "t0", 0, exact=True),)
    assert solve(line(100, 100, pairs=pairs)).size == 100
    # t0 must stay where the third buffer, which outlives it, leaves room: sharing stays possible.
    buffers = (Buffer("t0", 64, 4, 0, 1), Buffer("t1", 64, 4, 1, 2), Buffer("other", 32, 4, 0, 2))
    layout = solve(Problem(buffers, pairs))
    assert layout.size == 96 and layout.offsets["t0"] == layout.offsets["t1"]


def test_drift_beside_exact_pairs_is_proven_by_their_choices() -> None:
    """A relaxed exact pair could end the drift, a tied one cannot: only trying its choices proves the optimum."""
    pairs = (SharedPair("t1", "t0", 10), SharedPair("t2", "t1", 0, exact=True), SharedPair("t3", "t2", 10))
    buffers = line(100, 100, 100, 100, pairs=pairs).buffers
    aside = Buffer("aside", 20, 1, 0, 4)
    layout = solve(Problem((*buffers, aside), pairs))
    assert layout.size == layout.lower_bound == 140


def test_an_exact_pair_that_hurts_is_left_apart() -> None:
    """Sharing would tie two buffers to one offset, which two long-lived neighbours make impossible to use well."""
    pairs = (SharedPair("out", "in", 6, exact=True),)
    buffers = (
        Buffer("in", 10, 1, 0, 1),
        Buffer("out", 10, 1, 1, 2),
        Buffer("x", 10, 1, 0, 0),
        Buffer("y", 10, 1, 2, 2),
    )
    layout = solve(Problem(buffers, pairs))
    assert layout.size == 20
    assert not Problem(buffers, pairs).faults(layout.offsets)


def test_empty_problems_and_empty_buffers() -> None:
    assert solve(Problem(())) == Layout({}, 0, 0, 0, 0)
    assert solve(Problem((Buffer("a", 0, 4, 0, 3),))).size == 0


def test_greedy_by_size_alone_is_not_enough_here() -> None:
    """Search beyond greedy: first fit by size leaves a gap that the search closes."""
    spans = [(6, 0, 2), (5, 2, 4), (5, 4, 6), (4, 1, 3), (4, 3, 5), (3, 0, 1), (3, 5, 6), (2, 2, 5)]
    problem = Problem(tuple(Buffer(f"b{i}", s * 16, 16, a, b) for i, (s, a, b) in enumerate(spans)))
    model = make_blocks(problem)
    assert model is not None
    layout = solve(problem)
    assert layout.optimal and layout.size <= model.span(first_fit(model, greedy_orders(model)[0]))


def test_effort_is_bounded_and_the_result_deterministic() -> None:
    pairs = tuple(SharedPair(f"t{i + 1}", f"t{i}", 37) for i in range(39))
    problem = line(*[500 + 97 * i % 311 for i in range(40)], pairs=pairs, alignment=4)
    first, second = solve(problem, nodes=30_000), solve(problem, nodes=30_000)
    assert first == second
    assert first.nodes < 40_000


@pytest.mark.parametrize(
    ("size", "alignment", "steps"), [(-1, 4, (0, 0)), (4, 3, (0, 0)), (4, 0, (0, 0)), (4, 4, (2, 1))]
)
def test_buffers_that_make_no_sense(size: int, alignment: int, steps: tuple[int, int]) -> None:
    with pytest.raises(ValueError, match="buffer b"):
        Buffer("b", size, alignment, *steps)


@pytest.mark.parametrize(
    ("pair", "message"),
    [
        (SharedPair("t0", "t1", 0), "t0 is not written at the step where t1"),
        (SharedPair("t2", "t0", 0), "t2 is not written at the step where t0"),
        (SharedPair("t1", "t0", -1, exact=True), "negative distance"),
    ],
)
def test_pairs_that_make_no_sense(pair: SharedPair, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        line(10, 10, 10, pairs=(pair,))


@pytest.mark.slow
@settings(max_examples=3000, deadline=None)
@given(problems(buffers=6, steps=5, size=6, exact_distance=0))
def test_small_problems_long_sweep(problem: Problem) -> None:
    layout = solve(problem)
    assert layout.optimal
    simulate(problem, dict(layout.offsets))
    assert brute_force(problem, layout.size) == layout.size
