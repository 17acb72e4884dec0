"""Decides which operators go to the NPU: what Vela takes, what has the reference's bits there, and what it gains."""

from __future__ import annotations

import logging
import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace

from mcugen.boards.board import Board
from mcugen.errors import CheckFailedError
from mcugen.ethosu.compiler import Compiled, Target, require_vela
from mcugen.ethosu.configuration import board_npu, system_configuration, vela_configuration
from mcugen.ethosu.kernel import crossing_instructions
from mcugen.ethosu.operator import EthosU
from mcugen.ethosu.partition.cut import replaced, subnetwork
from mcugen.ethosu.partition.demands import check_memory, chosen_accelerator, not_everything
from mcugen.ethosu.partition.questions import Answer, Questions
from mcugen.ethosu.partition.regions import regions
from mcugen.ethosu.partition.report import OnCpu, Part, Partition
from mcugen.graph.graph import Graph
from mcugen.graph.ops.base import Operator
from mcugen.graph.tensor import Origin

log = logging.getLogger(__name__)

Cost = Callable[[Operator, Graph], float]
"""(operator, its graph) -> instructions on the CPU; infinite where nobody counted."""

_UNCOUNTED = 8.0
"""Instructions for each element and multiply-accumulate of an operator that nobody counted."""


def partition(
    graph: Graph,
    board: Board,
    cost: Cost,
    *,
    accelerator: str | None = None,
    optimize: str = "speed",
    max_ram: int | None = None,
    everything: bool = False,
) -> tuple[Graph, Partition]:
    """The graph with `EthosU` operators for the parts that the NPU takes. Changes no result, and is deterministic.

    Args:
        cost: of the CPU's kernels.
        accelerator: which of the board's; None: its own.
        optimize: "speed" lets Vela spend memory of the arena on speed, "size" and "ram" do not.
        max_ram: bytes of the arena that Vela may plan with; None: the NPU's memory.
        everything: refuse a network that does not run on the NPU as a whole.

    Raises:
        InputError: the board has no NPU, or not that accelerator.
        UnsupportedOperatorError: `everything` is asked for and something cannot go to the NPU.
        CheckFailedError: Vela fails whatever it is given.
        DoesNotFitError: a part needs more scratch memory than there is.
        MissingToolError: Vela is not installed.
    """
    npu = board_npu(board)
    chosen = chosen_accelerator(board, accelerator)
    version = require_vela()
    # Of the arena: on-chip RAM, but in Dedicated_Sram, whose fast memory Vela is told by `cache_size`.
    room = min(board.memory(npu.scratch).size, max_ram) if max_ram is not None else board.memory(npu.scratch).size
    target = Target(
        accelerator=chosen,
        configuration=vela_configuration(board),
        system_config=system_configuration(board),
        memory_mode=npu.memory_mode,
        arena_cache_bytes=npu.cache_size or room,
        small=optimize != "speed",
    )
    found = _Search(graph, cost, target, board.cpu.clock_hz / npu.clock_hz, worth=not everything)
    found.run()
    if not target.small and any(c.scratch_bytes > room for _, c in found.parts):
        found = _Search(graph, cost, replace(target, small=True), found.clock_ratio, worth=not everything)
        found.run()
    if everything and found.reasons:
        raise not_everything(graph, found.reasons, chosen)
    result, parts = _rewritten(graph, found, chosen)
    check_memory(parts, board)
    on_cpu = tuple(OnCpu(op, found.reasons[op.name]) for op in graph if op.name in found.reasons)
    return result, Partition(chosen, npu.clock_hz, npu.memory_mode, version, parts, on_cpu)


@dataclass
class _Search:
    """Groups of operators that compile, have the right bits and gain something.

    Attributes:
        clock_ratio: cycles of the CPU in one of the NPU.
        worth: whether a group has to gain.
        reasons: why an operator stays on the CPU, by its name.
        parts: the groups that go to the NPU.
    """

    graph: Graph
    cost: Cost
    target: Target
    clock_ratio: float
    worth: bool
    reasons: dict[str, str] = field(default_factory=dict)
    parts: list[tuple[list[Operator], Compiled]] = field(default_factory=list)
    _known: dict[tuple[str, ...], Answer] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self._questions = Questions(self.target)

    def run(self) -> None:
        operators = list(self.graph)
        answers = self._ask([[op] for op in operators])
        for op, answer in zip(operators, answers, strict=True):
            if answer.compiled is None:
                self.reasons[op.name] = answer.reason
        self._tell_failures(operators, answers)
        while True:
            groups = regions(self.graph, {op.name for op in operators} - set(self.reasons))
            answers = self._ask(groups)
            left = len(self.reasons)
            for group, answer in zip(groups, answers, strict=True):
                self._judge(group, answer)
            if len(self.reasons) == left:
                self.parts = [(g, a.compiled) for g, a in zip(groups, answers, strict=True) if a.compiled is not None]
                return

    def _tell_failures(self, operators: Sequence[Operator], answers: Sequence[Answer]) -> None:
        """A failure of Vela's is not the operator's fault: it is said, and an error where it fails at everything."""
        failed = [(op, answer) for op, answer in zip(operators, answers, strict=True) if answer.failed]
        if not failed:
            return
        rows = "\n".join(f"{op.name} ({op.kind}; {op.origin}): {answer.reason}" for op, answer in failed)
        if all(answer.compiled is None for answer in answers):
            raise CheckFailedError(
                "Vela, the compiler for the NPU, fails at every operator that it is given",
                where=rows,
                hint="use --npu off, and check `npu:` in the board's file",
            )
        log.warning("Vela fails at operators, which stay on the CPU: %s", rows)

    def _judge(self, group: Sequence[Operator], answer: Answer) -> None:
        if answer.compiled is None:
            # Each of them alone is right: the first one with which they are not is left out.
            beginnings = [list(group[: n + 1]) for n in range(len(group))]
            for members, of_beginning in zip(beginnings, self._ask(beginnings), strict=True):
                if of_beginning.compiled is None:
                    self.reasons[members[-1].name] = f"together with {members[-2].name}: {of_beginning.reason}"
                    return
        elif self.worth:
            made = answer.compiled
            own = sum(self.instructions(op) for op in group)
            there = made.cycles * self.clock_ratio + crossing_instructions([*made.inputs, *made.outputs])
            if there >= own:
                words = f"about {own:,.0f} cycles here, {there:,.0f} on the NPU with the way there"
                self.reasons.update({op.name: f"the CPU is faster: {words}" for op in group})

    def instructions(self, op: Operator) -> float:
        """Of the CPU's kernel, by its estimate."""
        counted = self.cost(op, self.graph)
        if math.isfinite(counted):
            return counted
        tensors = self.graph.input_tensors(op), self.graph.output_tensors(op)
        return _UNCOUNTED * (op.macs(*tensors) + sum(t.elements for t in tensors[1]))

    def _ask(self, groups: Sequence[Sequence[Operator]]) -> list[Answer]:
        keys = [tuple(op.name for op in group) for group in groups]
        new = {key: group for key, group in zip(keys, groups, strict=True) if key not in self._known}
        networks = [subnetwork(self.graph, group, f"part_of_{group[0].name}") for group in new.values()]
        self._known.update(zip(new, self._questions.ask(networks), strict=True))
        return [self._known[key] for key in keys]


def _rewritten(graph: Graph, found: _Search, accelerator: str) -> tuple[Graph, tuple[Part, ...]]:
    taken = {op.name for op in graph}
    parts, replacements = [], []
    for number, (group, compiled) in enumerate(found.parts):
        name = f"npu_{number}"
        while name in taken:
            name += "_"
        network = subnetwork(graph, group, name)
        op = EthosU(
            name=name,
            inputs=tuple(p.tensor for p in network.inputs),
            outputs=tuple(p.tensor for p in network.outputs),
            origin=_origin(group),
            network=network,
            job=compiled,
            accelerator=accelerator,
        )
        replacements.append((group, op))
        parts.append(Part(name, tuple(group), compiled))
    result = replaced(graph, replacements)
    result.validate()
    return result, tuple(parts)


def _origin(group: Sequence[Operator]) -> Origin:
    """From where to where in the user's program."""
    first, last = group[0].origin, group[-1].origin
    if first == last:
        return first
    pairs = ((getattr(first, name), getattr(last, name)) for name in ("source", "module", "operator"))
    return Origin(*(f"{a} … {b}" if a and b and a != b else a or b for a, b in pairs))
