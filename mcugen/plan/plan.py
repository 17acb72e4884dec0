"""The plan: every decision that emission needs, as plain data."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from mcugen.boards.board import Board
from mcugen.graph.graph import Graph
from mcugen.graph.ops.base import Operator
from mcugen.kernels.base import Invocation


@dataclass(frozen=True)
class Placement:
    """Where a buffer lies: an offset into the arena, alive from `first_step` to `last_step` inclusive."""

    buffer: str
    offset: int
    size: int
    first_step: int
    last_step: int


@dataclass(frozen=True)
class ArenaPlan:
    """The one static arena.

    Attributes:
        size: bytes, exact.
        lower_bound: no layout of this order, these kernels and these overlaps can be smaller.
        live_bound: largest sum of simultaneously live buffers, without any sharing (what other tools call optimal).
        placements: by buffer name: activation tensors, and "scratch:<operator name>".
        peak_step: index of the step where the lower bound is reached.
    """

    size: int
    alignment: int
    lower_bound: int
    live_bound: int
    placements: Mapping[str, Placement]
    peak_step: int


@dataclass(frozen=True)
class StatePlan:
    """The memory beside the arena, which lives from one inference to the next.

    Attributes:
        size: bytes, with the word behind the values that says whether they were ever set.
        offsets: of each state, in the graph's order.
    """

    size: int
    alignment: int
    offsets: tuple[int, ...]


@dataclass(frozen=True)
class KernelChoice:
    """A kernel that gives the operator's result, and its estimated instructions for a call; None: no estimate."""

    kernel: str
    cost: float | None


@dataclass(frozen=True)
class Step:
    """One kernel call of the schedule.

    Attributes:
        choices: all kernels that could run it, the taken one among them; the lowest estimate first.
    """

    operator: Operator
    invocation: Invocation
    macs: int
    choices: tuple[KernelChoice, ...] = ()


@dataclass(frozen=True)
class Plan:
    """Graph + board -> schedule, arena and constants.

    Attributes:
        state: None without states.
        storage: for each activation tensor, the buffer that holds it: an arena buffer, or "input:<i>" / "output:<i>"
            for the caller's own memory, "state:<i>" for that of a state. Aliased tensors share one buffer.
    """

    graph: Graph
    board: Board
    steps: tuple[Step, ...]
    arena: ArenaPlan
    state: StatePlan | None
    storage: Mapping[str, str]
    optimize: str
    kernel_policy: str

    @property
    def fast_bytes(self) -> int:
        """Of the fast memory beside the arena: what the step that wants most of it takes."""
        return max((step.invocation.fast_bytes for step in self.steps), default=0)

    @property
    def constant_bytes(self) -> int:
        return sum(step.invocation.constant_bytes for step in self.steps)
