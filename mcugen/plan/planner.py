"""Graph + board -> Plan: kernels, order, storage, arena."""

from __future__ import annotations

from typing import Literal

from mcugen.boards.board import Board
from mcugen.errors import InputError
from mcugen.graph.graph import Graph
from mcugen.kernels import registry
from mcugen.plan import budget
from mcugen.plan.candidates import Candidates, Finder
from mcugen.plan.fallible import delay_outputs
from mcugen.plan.fitting import Arrangement, Fitter
from mcugen.plan.lifetimes import ACTIVATION_ALIGNMENT
from mcugen.plan.plan import ArenaPlan, Placement, Plan, Step
from mcugen.plan.states import place_states
from mcugen.plan.storage import separate_borders, separate_states

Optimize = Literal["speed", "size", "ram"]
OPTIMIZE: tuple[Optimize, ...] = ("speed", "size", "ram")


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
        optimize: "speed" takes the cheapest kernels and turns to smaller ones only where memory does not suffice.
            Kernels with more constants than the model's weights may double all constants, unless a budget for flash
            says how many there may be;
            "size" takes the cheapest of those with hardly more constants than the smallest; "ram" makes the arena as
            small as it can be, then takes the cheapest kernels that keep it there.
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
    aliases = [op for op in graph if candidates.fastest(op).invocation.alias]
    fallible = {op.name for op in graph if candidates.fastest(op).invocation.fallible}
    separated = separate_states(delay_outputs(separate_borders(graph, aliases), aliases, fallible), aliases)
    if separated is not graph:
        graph, candidates = separated, Candidates(separated, board.cpu, kernels, finder)
    state = place_states(graph)
    ram = budget.Limit.of_ram(board, max_ram).beside(state.size if state else 0)
    flash = budget.Limit.of_flash(board, max_flash)
    arrangement = Fitter(graph, candidates, flash).choose(optimize, ram)
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
    return _plan(candidates, board, arrangement, optimize, kernels)


def _plan(candidates: Candidates, board: Board, arrangement: Arrangement, optimize: str, kernels: str) -> Plan:
    graph = candidates.graph
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
            c.operator,
            c.invocation,
            c.operator.macs(graph.input_tensors(c.operator), graph.output_tensors(c.operator)),
            candidates.choices(c.operator),
        )
        for c in arrangement.calls
    )
    ordered = graph.with_changes(operators=[c.operator for c in arrangement.calls])
    return Plan(ordered, board, steps, arena, place_states(ordered), dict(arrangement.storage), optimize, kernels)
