"""Execution orders against brute force over all topological orders."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from hypothesis import given, settings

import mcugen.plan.schedule as schedule
from mcugen.plan.schedule import Task, best_order, peak_of
from tests.plan.strategies import task_graphs

quick = settings(max_examples=120, deadline=None, derandomize=True)
Graph = tuple[list[Task], dict[str, int]]


def orders(tasks: list[Task], done: tuple[int, ...] = ()) -> Iterator[tuple[int, ...]]:
    if len(done) == len(tasks):
        yield done
    for i, task in enumerate(tasks):
        if i not in done and task.after <= set(done):
            yield from orders(tasks, (*done, i))


def simulated_peak(tasks: list[Task], sizes: dict[str, int], order: tuple[int, ...] | list[int]) -> int:
    """The peak from lifetimes, not from the scheduler's running sums."""
    position = {task: step for step, task in enumerate(order)}
    spans: dict[str, tuple[int, int]] = {}
    for i, task in enumerate(tasks):
        for name in (*task.writes, *task.reads):
            low, high = spans.get(name, (position[i], position[i]))
            spans[name] = (min(low, position[i]), max(high, position[i]))
    peak = 0
    for step, i in enumerate(order):
        alive = sum(sizes[n] for n, (low, high) in spans.items() if low <= step <= high)
        dying = [saved for n, saved in tasks[i].sharing if spans[n][1] == step]
        peak = max(peak, alive + tasks[i].scratch - max(dying, default=0))
    return peak


@quick
@given(task_graphs(tasks=7))
def test_small_graphs_get_the_best_order(graph: Graph) -> None:
    tasks, sizes = graph
    order = best_order(tasks, sizes)
    assert tuple(order) in set(orders(tasks))
    assert simulated_peak(tasks, sizes, order) == min(simulated_peak(tasks, sizes, o) for o in orders(tasks))


@quick
@given(task_graphs(tasks=14))
def test_orders_are_valid_and_never_worse_than_the_given_one(graph: Graph) -> None:
    tasks, sizes = graph
    order = best_order(tasks, sizes)
    assert sorted(order) == list(range(len(tasks)))
    assert all(order.index(d) < order.index(i) for i, t in enumerate(tasks) for d in t.after)
    given_order = list(range(len(tasks)))
    assert peak_of(tasks, sizes, order) <= peak_of(tasks, sizes, given_order)
    assert peak_of(tasks, sizes, order) == simulated_peak(tasks, sizes, order)


def branches(width: int) -> Graph:
    """Parallel branches that each blow up and shrink again: one after the other is best, level by level is worst."""
    tasks = [Task(frozenset(), (), ("x",))]
    sizes = {"x": 10, "y": 10 * width}
    for i in range(width):
        tasks.append(Task(frozenset([0]), ("x",), (f"large{i}",)))
        sizes[f"large{i}"] = 1000
    for i in range(width):
        tasks.append(Task(frozenset([1 + i]), (f"large{i}",), (f"small{i}",)))
        sizes[f"small{i}"] = 10
    joined = tuple(f"small{i}" for i in range(width))
    tasks.append(Task(frozenset(range(1 + width, 1 + 2 * width)), joined, ("y",)))
    return tasks, sizes


def test_branches_run_one_after_the_other() -> None:
    tasks, sizes = branches(5)
    assert peak_of(tasks, sizes, range(len(tasks))) == 5010
    order = best_order(tasks, sizes)
    # The last branch frees x only after its large buffer is written.
    assert simulated_peak(tasks, sizes, order) == 10 + 4 * 10 + 1000


def test_the_beam_takes_over_when_there_are_too_many_states(monkeypatch: pytest.MonkeyPatch) -> None:
    tasks, sizes = branches(6)
    exact = best_order(tasks, sizes)
    monkeypatch.setattr(schedule, "_MAX_STATES", 3)
    beam = best_order(tasks, sizes)
    assert peak_of(tasks, sizes, beam) == peak_of(tasks, sizes, exact) == 1060
    assert all(beam.index(d) < beam.index(i) for i, t in enumerate(tasks) for d in t.after)


def test_a_good_order_is_kept() -> None:
    tasks = [Task(frozenset([i - 1] if i else []), (f"b{i - 1}",) if i else (), (f"b{i}",)) for i in range(300)]
    assert best_order(tasks, {f"b{i}": 7 * i % 50 for i in range(300)}) == list(range(300))
