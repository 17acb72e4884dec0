"""Graph + board -> Plan: kernels, order, storage, arena."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from mcugen.boards.board import Board
from mcugen.errors import InputError
from mcugen.graph.graph import Graph
from mcugen.kernels import registry
from mcugen.plan import budget
from mcugen.plan.arena import solve, step_bound
from mcugen.plan.candidates import Candidate, Candidates, Finder
from mcugen.plan.lifetimes import ACTIVATION_ALIGNMENT, BoundOperator, arena_problem, buffer_sizes, schedule_tasks
from mcugen.plan.plan import ArenaPlan, Placement, Plan, Step
from mcugen.plan.problem import Layout, Problem
from mcugen.plan.schedule import best_order
from mcugen.plan.storage import assign_storage, separate_borders

Optimize = Literal["speed", "size", "ram"]
OPTIMIZE: tuple[Optimize, ...] = ("speed", "size", "ram")

Selection = Mapping[str, Candidate]


def make_plan(
    graph: Graph,
    board: Board,
    *,
    kernels: str = "auto",
    optimize: str = "speed",
    max_ram: int | None = None,
    max_flash: int | None = None,
    find: Finder | None = None,
) -> Plan:
    """Decides everything that emission needs. Deterministic.

    Args:
        kernels: the registry's policy: auto, native, cmsis-nn or portable.
        optimize: "speed" takes the cheapest kernels and turns to smaller ones only where memory does not suffice;
            "size" takes those with the smallest constants; "ram" makes the arena as small as it can be, then takes
            the cheapest kernels that keep it there.
        max_ram: bytes for the arena; max_flash: bytes for the constants. The board's memories hold besides.
        find: the kernels that may be chosen, in place of the registry's.

    Raises:
        InputError: an option is unknown, or an output does not depend on any input.
        UnsupportedOperatorError: no kernel for an operator.
        DoesNotFitError: a memory or budget does not suffice, with what is alive at the peak.
    """
    if optimize not in OPTIMIZE:
        raise InputError(f"unknown --optimize {optimize!r}", hint=f"one of {', '.join(OPTIMIZE)}")
    for option, value in (("--max-ram", max_ram), ("--max-flash", max_flash)):
        if value is not None and value < 0:
            raise InputError(f"{option} {value} is negative", hint="give a number of bytes")
    finder = find or registry.candidates
    candidates = Candidates(graph, board.cpu, kernels, finder)
    separated = separate_borders(graph, [op for op in graph if candidates.fastest(op).invocation.alias])
    if separated is not graph:
        graph, candidates = separated, Candidates(separated, board.cpu, kernels, finder)
    ram, flash = budget.Limit.of_ram(board, max_ram), budget.Limit.of_flash(board, max_flash)
    fitter = _Fitter(graph, candidates, flash)
    arrangement = fitter.choose(optimize, ram)
    budget.check_flash(flash, arrangement.calls)
    if arrangement.layout.size > ram.size:
        raise budget.ram_error(
            ram,
            arrangement.layout.size,
            graph,
            arrangement.calls,
            arrangement.problem,
            arrangement.layout.peak_step,
            arrangement.storage,
        )
    return _plan(graph, board, arrangement, optimize, kernels)


@dataclass(frozen=True)
class Arrangement:
    """A selection of kernels, put in order and laid out."""

    calls: tuple[BoundOperator, ...]
    storage: Mapping[str, str]
    problem: Problem
    layout: Layout


class _Fitter:
    """Chooses kernels so that the arena and the constants fit."""

    def __init__(self, graph: Graph, candidates: Candidates, flash: budget.Limit) -> None:
        self.graph, self.candidates, self.flash = graph, candidates, flash

    def choose(self, optimize: str, ram: budget.Limit) -> Arrangement:
        if optimize == "size":
            smallest = {op.name: min(self.candidates.all(op), key=_constants_first) for op in self.graph}
            return self._fit(smallest, ram.size)
        fastest = self._fit_flash({op.name: self.candidates.fastest(op) for op in self.graph})
        if optimize == "speed":
            return self._fit(fastest, ram.size)
        frugal = self._arrange(self._frugal(fastest))
        relaxed = self._fit(fastest, frugal.layout.size)
        return relaxed if relaxed.layout.size <= frugal.layout.size else frugal

    def _fit_flash(self, selection: Selection) -> Selection:
        """Trades speed for smaller constants, where a byte costs least, until they fit or nothing is left to trade."""
        chosen = dict(selection)
        while (excess := self._constants(chosen) - self.flash.size) > 0:
            trades = [
                ((c.cost - chosen[op.name].cost) / min(saved, excess), op.name, c)
                for op in self.graph
                for c in self.candidates.all(op)
                if (saved := chosen[op.name].invocation.constant_bytes - c.invocation.constant_bytes) > 0
            ]
            if not trades:
                break
            _, name, candidate = min(trades, key=lambda t: t[:2])
            chosen[name] = candidate
        return chosen

    def _fit(self, selection: Selection, size: int) -> Arrangement:
        """Replaces the kernels of the steps that exceed `size` until the arena fits or no kernel helps.

        Returns the last arrangement, which may not fit.
        """
        best = current = self._arrange(selection)
        chosen = dict(selection)
        tried: set[tuple[str, str]] = set()
        while current.layout.size > size:
            changed = self._replace_worst(current, chosen, size, tried)
            if not changed:
                break
            current = self._arrange(chosen)
            if current.layout.size < best.layout.size:
                best = current
        return best

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
            for candidate in self.candidates.all(op):
                if (op.name, candidate.kernel.name) in tried or candidate is chosen[op.name]:
                    continue
                if self._constants({**chosen, op.name: candidate}) > max(self.flash.size, self._constants(chosen)):
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
            options = [c for c in self.candidates.all(call.operator)]
            chosen[call.operator.name] = min(options, key=lambda c: (self._need(current, step, c), c.cost))
        return chosen

    def _constants(self, selection: Selection) -> int:
        return budget.constant_bytes(c.invocation for c in selection.values())

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
        return Arrangement(tuple(calls), storage, problem, solve(problem))


def _constants_first(candidate: Candidate) -> tuple[int, float]:
    return candidate.invocation.constant_bytes, candidate.cost


def _plan(graph: Graph, board: Board, arrangement: Arrangement, optimize: str, kernels: str) -> Plan:
    layout, problem = arrangement.layout, arrangement.problem
    placements = {
        b.name: Placement(b.name, layout.offsets[b.name], b.size, b.first_step, b.last_step) for b in problem.buffers
    }
    arena = ArenaPlan(
        size=layout.size,
        alignment=max((b.alignment for b in problem.buffers), default=ACTIVATION_ALIGNMENT),
        lower_bound=layout.lower_bound,
        live_bound=layout.live_bound,
        placements=placements,
        peak_step=layout.peak_step,
    )
    steps = tuple(
        Step(
            c.operator, c.invocation, c.operator.macs(graph.input_tensors(c.operator), graph.output_tensors(c.operator))
        )
        for c in arrangement.calls
    )
    ordered = graph.with_changes(operators=[c.operator for c in arrangement.calls])
    return Plan(ordered, board, steps, arena, dict(arrangement.storage), optimize, kernels)
