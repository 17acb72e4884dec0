"""Solves the arena problem: a layout, and a proof of how small it could be."""

from __future__ import annotations

import itertools
from collections.abc import Mapping, Sequence

from mcugen.plan.blocks import Blocks, make_blocks, most_shared
from mcugen.plan.problem import Buffer, Layout, Problem, SharedPair, align_up
from mcugen.plan.search import Budget, Exact, branch_and_bound, first_fit, greedy_orders, hill_climb

__all__ = [
    "Buffer",
    "Layout",
    "Problem",
    "SharedPair",
    "live_bound",
    "lower_bound",
    "solve",
    "step_bound",
    "step_bounds",
]

DEFAULT_NODES = 600_000
_STEP_NODES = 20_000
_BRANCH_NODES = 10_000  # of the first round
_CLIMB_MOVES = 100  # of the first round
_MAX_CHOICES = 6  # exact pairs of a window: 2^6 searches
_MAX_DEPTH = 300  # of the recursive branch and bound


def live_bound(problem: Problem) -> int:
    """The largest sum of simultaneously live buffers, without sharing: what is usually called the lower bound.

    Offsets are aligned, so each size but one is rounded up to the smallest alignment of its step.
    """
    plain = Problem(problem.buffers)
    return max((_union_bound(plain, live) for live in plain.live_sets.values()), default=0)


def step_bounds(problem: Problem) -> dict[int, int]:
    """For each step with a maximal live set, the least memory in which that set alone can lie.

    Optimal (branch and bound) as long as a live set is small; otherwise a relaxation that is never above it. Exact
    pairs count as plain ones.
    """
    relaxed = problem.relaxed
    return {step: _clique_optimum(relaxed, live) for step, live in relaxed.live_sets.items()}


def step_bound(problem: Problem, step: int) -> int:
    """As `step_bounds`, for any one step."""
    live = tuple(i for i in problem.solid if problem.buffers[i].first_step <= step <= problem.buffers[i].last_step)
    return _clique_optimum(problem.relaxed, live) if live else 0


def lower_bound(problem: Problem) -> int:
    """No layout of the problem is smaller than this: the largest of the steps' bounds."""
    return max(step_bounds(problem).values(), default=0)


def solve(problem: Problem, nodes: int = DEFAULT_NODES) -> Layout:
    """A small layout: greedy first, then searched until it meets the lower bound or `nodes` are spent. Deterministic.

    Where the steps' bounds cannot be met together (a chain of diagonal sharing drifts downwards), the bound is raised
    by exact search over windows of steps around the peak.
    """
    solver = _Solver(problem, nodes)
    solver.run()
    names = [b.name for b in problem.buffers]
    return Layout(
        offsets=dict(zip(names, solver.offsets, strict=True)),
        size=solver.size,
        lower_bound=solver.bound,
        live_bound=live_bound(problem),
        peak_step=solver.peak,
        nodes=solver.budget.spent,
    )


class _Solver:
    """The best layout and the best bound so far, while they close in on each other."""

    def __init__(self, problem: Problem, nodes: int) -> None:
        self.problem, self.relaxed, self.budget = problem, problem.relaxed, Budget(nodes)
        self.bounds = step_bounds(problem)
        self.bound = max(self.bounds.values(), default=0)
        self.peak = next((step for step, value in sorted(self.bounds.items()) if value == self.bound), 0)
        self.exact_pairs = [p for p in problem.pairs if p.exact]
        self.glued: list[SharedPair] = []
        self.model = self._glue_all()
        self.orders = self._ranked(self.model)
        self.offsets: list[int] = []
        self.size = 0
        self._keep(self.model, first_fit(self.model, self.orders[0]), first=True)

    @property
    def done(self) -> bool:
        return self.size <= self.bound or not self.budget.left

    def run(self) -> None:
        effort, radius, finished = 1, 1, False
        while not self.done and not finished:
            finished = self._windows(radius, effort * _BRANCH_NODES)
            self._whole(effort * _BRANCH_NODES)
            for order in self.orders[:3]:
                self._climb(self.model, order, effort * _CLIMB_MOVES, radius)
            self._toggle(effort * _CLIMB_MOVES // 4)
            effort, radius = effort * 2, radius + max(1, radius // 4)

    def _keep(self, model: Blocks, positions: Sequence[int], *, first: bool = False) -> bool:
        size = model.span(positions)
        if first or size < self.size:
            self.size, self.offsets = size, model.spread(positions)
            return True
        return False

    def _climb(self, model: Blocks, order: Sequence[int], moves: int, seed: int) -> bool:
        _, positions = hill_climb(model, order, self.bound, self.budget, moves, seed)
        return self._keep(model, positions)

    @staticmethod
    def _ranked(model: Blocks) -> list[list[int]]:
        return sorted(greedy_orders(model), key=lambda order: model.span(first_fit(model, order)))

    def _glue_all(self) -> Blocks:
        """All exact pairs that do not contradict share, large ones first."""
        index, buffers = self.problem.index, self.problem.buffers
        by_size = sorted(self.exact_pairs, key=lambda p: (-buffers[index[p.lower]].size, p.lower, p.upper))
        model = make_blocks(self.problem)
        assert model is not None
        for pair in by_size:
            larger = make_blocks(self.problem, [*self.glued, pair])
            if larger is not None:
                self.glued, model = [*self.glued, pair], larger
        return model

    def _toggle(self, moves: int) -> None:
        """Lets each exact pair in turn share or not, and keeps what makes the arena smaller."""
        for pair in self.exact_pairs:
            if self.done:
                return
            glued = [p for p in self.glued if p is not pair] if pair in self.glued else [*self.glued, pair]
            model = make_blocks(self.problem, glued)
            if model is None:
                continue
            orders = self._ranked(model)
            if self._climb(model, orders[0], moves, seed=1):
                self.glued, self.model, self.orders = glued, model, orders

    def _windows(self, radius: int, nodes: int) -> bool:
        """Exact search over the steps around the worst ones, for a better bound.

        Returns True when there is nothing left to find out.
        """
        steps = list(self.bounds)
        whole = 2 * radius + 1 >= len(steps)
        centres = sorted(range(len(steps)), key=lambda i: (-self.bounds[steps[i]], i))[: 1 if whole else 4]
        complete = False
        for centre in centres:
            low, high = (0, len(steps)) if whole else (max(0, centre - radius), centre + radius + 1)
            members = sorted({i for step in steps[low:high] for i in self.relaxed.live_sets[step]})
            bound, complete = self._window_bound(members, nodes)
            self.bound = max(self.bound, bound)
        return whole and complete

    def _window_bound(self, members: Sequence[int], nodes: int) -> tuple[int, bool]:
        """The optimum over some of the buffers, at most the best size, and True; else a bound below it and False.

        The relaxed problem mostly suffices. Where it does not, each choice of exact pairs that share is searched.
        """
        model = make_blocks(self.relaxed.restricted(members))
        exact = self._branch(model, nodes) if model is not None else None
        if exact is None or not exact.complete:
            return self.bound, False
        problem = self.problem.restricted(members)
        pairs = [p for p in problem.pairs if p.exact]
        if exact.size >= self.size or not pairs:
            return exact.size, True
        if len(pairs) > _MAX_CHOICES or any(p.distance for p in pairs):
            return exact.size, False
        best = self.size
        for choice in itertools.product((True, False), repeat=len(pairs)):
            model = make_blocks(problem, list(itertools.compress(pairs, choice)))
            if model is None:
                continue
            found = self._branch(model, nodes) if model.proves else None
            if found is None or not found.complete:
                return exact.size, False
            best = min(best, found.size)
            if len(members) == len(self.problem.solid) and found.positions is not None:
                self._keep_window(model, found.positions)
        return max(best, exact.size), True

    def _keep_window(self, model: Blocks, positions: Sequence[int]) -> None:
        """Keeps the layout of a window that holds every buffer with bytes."""
        offsets = dict(zip((b.name for b in model.problem.buffers), model.spread(positions), strict=True))
        if model.span(positions) < self.size:
            self.size = model.span(positions)
            self.offsets = [offsets.get(b.name, 0) for b in self.problem.buffers]

    def _whole(self, nodes: int) -> None:
        """Branch and bound over everything, for a better layout."""
        exact = self._branch(self.model, nodes)
        if exact is not None and exact.positions is not None:
            self._keep(self.model, exact.positions)

    def _branch(self, model: Blocks, nodes: int) -> Exact | None:
        """Branch and bound below the best size, down to the bound; None when it is too large or the budget is used."""
        if self.done or len(model.blocks) > _MAX_DEPTH:
            return None
        share = Budget(min(nodes, self.budget.left))
        exact = branch_and_bound(model, self.size, self.bound, share)
        self.budget.take(share.spent)
        return exact


def _clique_optimum(problem: Problem, live: tuple[int, ...]) -> int:
    """The least memory for buffers that are all alive at once, with their permissions."""
    bound = _union_bound(problem, live)
    simple = make_blocks(_merge_unpaired(problem, live))
    if simple is None or len(simple.blocks) > _MAX_DEPTH:
        return bound
    everything = 1 + sum(align_up(b.size, b.alignment) + b.alignment for b in simple.blocks)
    exact = branch_and_bound(simple, everything, bound, Budget(_STEP_NODES))
    return exact.size if exact.complete else bound


def _merge_unpaired(problem: Problem, live: tuple[int, ...]) -> Problem:
    """One buffer in place of all those whose order cannot matter: unpaired, a multiple of the common alignment."""
    clique = problem.restricted(live)
    paired = {n for p in clique.pairs for n in (p.lower, p.upper)}
    alignments = {b.alignment for b in clique.buffers}
    merged = 0
    kept = []
    for b in clique.buffers:
        if len(alignments) == 1 and b.name not in paired and b.size % b.alignment == 0:
            merged += b.size
        else:
            kept.append(b)
    if merged:
        first, last = min(b.first_step for b in clique.buffers), max(b.last_step for b in clique.buffers)
        kept.append(Buffer("", merged, alignments.pop(), first, last))
    return Problem(tuple(kept), clique.pairs)


def _union_bound(problem: Problem, live: tuple[int, ...]) -> int:
    """Sum of sizes minus all that permissions could save (Bonferroni's inequality): never above the optimum."""
    grain = min(problem.buffers[i].alignment for i in live)
    rounded: Mapping[int, int] = {i: align_up(problem.buffers[i].size, grain) for i in live}
    total = sum(rounded.values()) - max(rounded[i] - problem.buffers[i].size for i in live)
    for position, x in enumerate(live):
        for y in live[position + 1 :]:
            total -= most_shared(problem, x, y, rounded[x], rounded[y])
    return max(total, *(problem.buffers[i].size for i in live))
