"""Chooses among kernels until arena and constants fit: speed first, memory where it must be."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from mcugen.graph.graph import Graph
from mcugen.graph.ops.base import Operator
from mcugen.plan import budget
from mcugen.plan.arena import solve, step_bound
from mcugen.plan.candidates import Candidate, Candidates
from mcugen.plan.lifetimes import BoundOperator, arena_problem, buffer_sizes, schedule_tasks
from mcugen.plan.problem import Layout, Problem
from mcugen.plan.schedule import best_order
from mcugen.plan.storage import assign_storage

QUICK_NODES = 60_000  # of the arena solver while kernels and orders are compared

_COMPACT = 1.125  # times the smallest constants: what "size" accepts of an operator's kernel
_LARGER = 2  # times the constants of kernels that do not enlarge them: what "speed" accepts without a budget

Selection = Mapping[str, Candidate]


@dataclass(frozen=True)
class Arrangement:
    """A selection of kernels, put in order and laid out."""

    calls: tuple[BoundOperator, ...]
    storage: Mapping[str, str]
    problem: Problem
    layout: Layout


class Fitter:
    """Chooses kernels so that the arena and the constants fit."""

    def __init__(self, graph: Graph, candidates: Candidates, flash: budget.Limit) -> None:
        self.graph, self.candidates, self.flash = graph, candidates, flash
        self._most_constants = flash.size
        self._enlarging = False

    def choose(self, optimize: str, ram: budget.Limit) -> Arrangement:
        """The arrangement for "speed", "size" or "ram"; it may exceed the limits when nothing fits them."""
        if optimize == "size":
            return self._fit({op.name: _compact(self._options(op)) for op in self.graph}, ram.size)
        fastest = {op.name: self._options(op)[0] for op in self.graph}
        if optimize == "speed":
            if not self.flash.is_budget:
                self._most_constants = min(self.flash.size, _LARGER * self._constants(fastest))
            self._enlarging = True
            fastest = {op.name: self._options(op)[0] for op in self.graph}
        fastest = dict(self._fit_flash(fastest))
        if optimize == "speed":
            return self._fit(fastest, ram.size)
        frugal = self._arrange(self._frugal(fastest))
        relaxed = self._fit(fastest, frugal.layout.size)
        return relaxed if relaxed.layout.size <= frugal.layout.size else frugal

    def _options(self, op: Operator) -> list[Candidate]:
        """The kernels that may be taken, cheapest first."""
        found = self.candidates.all(op)
        return [c for c in found if self._enlarging or not c.kernel.enlarges] or found

    def _fit_flash(self, selection: Selection) -> Selection:
        """Trades speed for smaller constants, where a byte costs least, until they fit or nothing is left to trade."""
        chosen = dict(selection)
        while (excess := self._constants(chosen) - self._most_constants) > 0:
            trades = [
                ((c.cost - chosen[op.name].cost) / min(saved, excess), op.name, c)
                for op in self.graph
                for c in self._options(op)
                if (saved := chosen[op.name].invocation.constant_bytes - c.invocation.constant_bytes) > 0
            ]
            if not trades:
                break
            _, name, candidate = min(trades, key=lambda t: t[:2])
            chosen[name] = candidate
        # The last trade may have saved so much that earlier ones were not needed.
        gains = sorted((-(chosen[name].cost - c.cost), name) for name, c in selection.items() if chosen[name] is not c)
        for _, name in gains:
            attempt = {**chosen, name: selection[name]}
            if self._constants(attempt) <= self._most_constants:
                chosen = attempt
        return chosen

    def _fit(self, selection: Selection, size: int) -> Arrangement:
        """Replaces the kernels of the steps that exceed `size` until the arena fits or no kernel helps.

        Then gives operators their former kernel back where it fits after all, the slowest first. Returns the smallest
        arrangement when none fits.
        """
        best = current = self._arrange(selection)
        chosen = dict(selection)
        tried: set[tuple[str, str]] = set()
        while current.layout.size > size:
            if current.layout.lower_bound <= size:
                current = best = self._refined(current)
                if current.layout.size <= size:
                    break
            changed = self._replace_worst(current, chosen, size, tried)
            if not changed:
                break
            current = self._arrange(chosen)
            if current.layout.size < best.layout.size:
                best = current
        if current.layout.size > size:
            return self._refined(best)
        return self._refined(self._restore(current, chosen, selection, size))

    def _restore(self, current: Arrangement, chosen: dict[str, Candidate], wanted: Selection, size: int) -> Arrangement:
        changed = [name for name in chosen if chosen[name] is not wanted[name]]
        for name in sorted(changed, key=lambda n: (wanted[n].cost - chosen[n].cost, n)):
            attempt = {**chosen, name: wanted[name]}
            if self._outgrows_flash(attempt, chosen):
                continue
            arrangement = self._arrange(attempt)
            if arrangement.layout.size <= size:
                current, chosen = arrangement, attempt
        return current

    @staticmethod
    def _refined(current: Arrangement) -> Arrangement:
        """With the arena solved at full effort."""
        if current.layout.optimal:
            return current
        layout = solve(current.problem)
        return replace(current, layout=layout) if layout.size <= current.layout.size else current

    def _replace_worst(
        self, current: Arrangement, chosen: dict[str, Candidate], size: int, tried: set[tuple[str, str]]
    ) -> bool:
        """Takes, for the step that exceeds most, the cheapest kernel that fits, else the one with the least memory.

        Where no step alone exceeds, chains of sharing drift, so any step may be the cause.
        """
        bounds = [(step_bound(current.problem, s), s) for s in range(len(current.calls))]
        worst = [b for b in bounds if b[0] > size] or bounds
        for bound, step in sorted(worst, key=lambda b: (-b[0], b[1])):
            op = current.calls[step].operator
            options = []
            for candidate in self._options(op):
                if (op.name, candidate.kernel.name) in tried or candidate is chosen[op.name]:
                    continue
                if self._outgrows_flash({**chosen, op.name: candidate}, chosen):
                    continue
                need = self._need(current, step, candidate)
                if need < bound:
                    options.append((max(need, size), candidate.cost, candidate))
            if options:
                tried.add((op.name, chosen[op.name].kernel.name))
                chosen[op.name] = min(options, key=lambda o: o[:2])[2]
                return True
        return False

    def _need(self, current: Arrangement, step: int, candidate: Candidate) -> int:
        """The least memory of a step if it used another kernel."""
        calls = list(current.calls)
        calls[step] = BoundOperator(calls[step].operator, candidate.invocation)
        return step_bound(arena_problem(self.graph, calls, current.storage), step)

    def _frugal(self, selection: Selection) -> Selection:
        """For each operator the kernel whose step needs the least memory, the cheapest of these."""
        current = self._arrange(selection)
        chosen = {}
        for step, call in enumerate(current.calls):
            options = [(self._need(current, step, c), c.cost, c) for c in self._options(call.operator)]
            chosen[call.operator.name] = min(options, key=lambda o: o[:2])[2]
        return chosen

    def _outgrows_flash(self, attempt: Selection, chosen: Selection) -> bool:
        return self._constants(attempt) > max(self._most_constants, self._constants(chosen))

    def _constants(self, selection: Selection) -> int:
        return budget.merged_bytes(c.constants for c in selection.values())

    def _arrange(self, selection: Selection) -> Arrangement:
        """Orders the calls and solves the arena."""
        calls = [BoundOperator(op, selection[op.name].invocation) for op in self.graph]
        storage = assign_storage(self.graph, [c.operator for c in calls if c.invocation.alias])
        tasks = schedule_tasks(self.graph, calls, storage)
        order = best_order(tasks, buffer_sizes(self.graph, storage))
        arrangement = self._solve(calls, storage)
        if order == list(range(len(calls))):
            return arrangement
        ordered = self._solve([calls[i] for i in order], storage)
        return ordered if ordered.layout.size < arrangement.layout.size else arrangement

    def _solve(self, calls: Sequence[BoundOperator], storage: Mapping[str, str]) -> Arrangement:
        problem = arena_problem(self.graph, calls, storage)
        return Arrangement(tuple(calls), storage, problem, solve(problem, QUICK_NODES))


def _compact(candidates: Sequence[Candidate]) -> Candidate:
    """The cheapest kernel among those with hardly more constants than the smallest: padding to whole words is a few
    bytes a channel, and may be what a kernel that takes half the time asks for."""
    smallest = min(c.invocation.constant_bytes for c in candidates)
    return next(c for c in candidates if c.invocation.constant_bytes <= smallest * _COMPACT)
